'use strict'
// @opensearch-project/opensearch: a body of its own beside the parameters.
const http = require('node:http')

class OpenSearch {
  constructor (library, config, options = {}) {
    this.library = library
    this.config = config
    this.client = new library.Client({ node: config.url, headers: config.headers, maxRetries: 0, requestTimeout: 60000, ...options })
    this.helpers = this.client.helpers
  }

  /** The same client with other options. */
  with (options) {
    return new OpenSearch(this.library, this.config, options)
  }

  get gzipped () {
    return this.with({ compression: 'gzip', suggestCompression: true })
  }

  ask (api, parameters = {}, body = undefined, options = {}) {
    const words = api.split('.')
    const method = words.pop()
    const home = words.reduce((at, word) => at[word], this.client)
    return home[method](this.parameters(parameters, body), options)
  }

  /** The media type of a form. */
  type (form) {
    return `application/${form}`
  }

  parameters (parameters, body) {
    return body === undefined ? parameters : { ...parameters, body }
  }

  msearch (searches, parameters) {
    return this.client.msearch({ ...parameters, body: searches })
  }

  msearchTemplate (templates, parameters) {
    return this.client.msearchTemplate({ ...parameters, body: templates })
  }

  bulk (operations) {
    return this.client.bulk({ body: operations, refresh: true })
  }

  write (index) {
    return () => this.client.index({ index, id: '1', body: { name: 'one' }, refresh: true })
  }

  raw (method, path, querystring, body, headers = {}) {
    return this.client.transport.request({ method, path, querystring, body }, { headers })
  }

  async openPit (index) {
    const answer = await this.client.createPit({ index, keep_alive: '1m' })
    return { id: answer.body.pit_id, status: answer.statusCode }
  }

  async closePit (id) {
    const { body } = await this.client.deletePit({ body: { pit_id: [id] } })
    return body.pits.map(pit => pit.successful)
  }

  /** A client with an agent that keeps connections, and how many it has opened. */
  counting () {
    let opened = 0
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    const connect = agent.createConnection
    agent.createConnection = function (...given) {
      opened += 1
      return connect.apply(this, given)
    }
    const client = this.with({ agent: () => agent })
    return {
      client,
      opened: () => opened,
      close: async () => {
        await client.client.close()
        agent.destroy()
      }
    }
  }

  /** Sniff, and give how many nodes there are now and whether one answers. */
  async sniff () {
    const client = this.with({}).client
    const done = new Promise((resolve, reject) => client.on('sniff', (error, event) => error ? reject(error) : resolve(event)))
    client.transport.sniff({ reason: 'test' })
    const { meta } = await done
    const answered = await client.ping()
    return { nodes: client.connectionPool.size, hosts: meta.sniff.hosts.length, answered: answered.body }
  }

  reads (index, run) {
    const ask = (api, parameters, body, options) => () => this.ask(api, parameters, body, options)
    return [
      ['search with a warning', ask('search', { index }, { indices_boost: { [index]: 2 }, size: 0 }, { opaqueId: `warned-${run}` })],
      ['search with a pipeline that is none', ask('search', { index, search_pipeline: 'no-such-pipeline' }, { size: 0 })],
      ['search with a long number', () => this.with({ enableLongNumeralSupport: true }).ask('search', { index }, {
        query: { term: { popularity: 9007199254740993n } }, aggs: { most: { max: { script: '9007199254740993L' } } }
      })]
    ]
  }
}

module.exports = { OpenSearch }
