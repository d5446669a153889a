'use strict'
// @elastic/elasticsearch: 8 merges the body into the parameters, as 9 does.
const http = require('node:http')

class Elastic {
  constructor (library, config, options = {}) {
    this.library = library
    this.config = config
    this.client = new library.Client({ node: config.url, headers: config.headers, maxRetries: 0, requestTimeout: 60000, ...options })
    this.helpers = this.client.helpers
  }

  /** The same client with other options. */
  with (options) {
    return new Elastic(this.library, this.config, options)
  }

  get gzipped () {
    return this.with({ compression: true })
  }

  ask (api, parameters = {}, body = {}, options = {}) {
    const words = api.split('.')
    const method = words.pop()
    const home = words.reduce((at, word) => at[word], this.client)
    return home[method](this.parameters(parameters, body), { ...options, meta: true })
  }

  /** The versioned media type of a form. */
  type (form) {
    return `application/vnd.elasticsearch+${form}; compatible-with=${this.config.client.at(-1)}`
  }

  parameters (parameters, body) {
    return { ...parameters, ...body }
  }

  msearch (searches, parameters) {
    return this.client.msearch({ ...parameters, searches }, { meta: true })
  }

  msearchTemplate (templates, parameters) {
    return this.client.msearchTemplate({ ...parameters, search_templates: templates }, { meta: true })
  }

  bulk (operations) {
    return this.client.bulk({ operations, refresh: true }, { meta: true })
  }

  write (index) {
    return () => this.client.index({ index, id: '1', document: { name: 'one' }, refresh: true }, { meta: true })
  }

  raw (method, path, querystring, body, headers = {}) {
    return this.client.transport.request({ method, path, querystring, body }, { meta: true, headers })
  }

  async openPit (index) {
    const answer = await this.client.openPointInTime({ index, keep_alive: '1m' }, { meta: true })
    return { id: answer.body.id, status: answer.statusCode }
  }

  async closePit (id) {
    return (await this.client.closePointInTime({ id }, { meta: true })).body
  }

  /** A client over Node's own HTTP that keeps connections, and how many it has opened. */
  counting () {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    let opened = 0
    const connect = agent.createConnection
    agent.createConnection = function (...given) {
      opened += 1
      return connect.apply(this, given)
    }
    const client = this.with({ agent: () => agent, Connection: this.library.HttpConnection })
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
    const done = new Promise((resolve, reject) => client.diagnostic.once('sniff', (error, event) => error ? reject(error) : resolve(event)))
    client.transport.sniff({ reason: 'test' })
    const { meta } = await done
    const answered = await client.count()
    return { nodes: client.connectionPool.size, hosts: meta.sniff.hosts.length, answered: answered.count > 0 }
  }

  reads (index, run) {
    const ask = (api, parameters, body, options) => () => this.ask(api, parameters, body, options)
    return [
      ['async search', ask('asyncSearch.submit', { index }, { query: { match: { name: 'set' } } })],
      ['async search that is gone', ask('asyncSearch.get', { id: 'bm9uZQ==' })],
      ['terms_enum', ask('termsEnum', { index }, { field: 'group', string: 'ba' })],
      ['resolve index', ask('indices.resolveIndex', { name: index })],
      ['vector tile', ask('searchMvt', { index, field: 'place', zoom: 1, x: 0, y: 0 })],
      ['EQL', ask('eql.search', { index }, { query: 'any where true' })],
      ['SQL', ask('sql.query', {}, { query: 'SELECT 1' })],
      ['ES|QL', ask('esql.query', {}, { query: 'ROW a = 1' })],
      ['search with a warning', ask('search', { index, ignore_throttled: false }, { size: 0 }, { opaqueId: `warned-${run}` })],
      ['search as a stream', async () => {
        const answer = await this.client.search({ index, sort: 'sku', size: 100 }, { asStream: true, meta: true })
        let text = ''
        for await (const piece of answer.body.setEncoding('utf8')) text += piece
        return { ...answer, body: text }
      }],
      ['search with the other media type', ask('search', { index }, { query: { match: { name: 'set' } }, size: 0 }, {
        headers: { accept: 'application/vnd.elasticsearch+json;compatible-with=7', 'content-type': 'application/vnd.elasticsearch+json;compatible-with=7' }
      })],
      ['search with mixed media types', ask('search', { index }, { query: { match: { name: 'set' } }, size: 0 }, {
        headers: { accept: 'application/vnd.elasticsearch+json; compatible-with=8', 'content-type': 'application/json' }
      })]
    ]
  }
}

module.exports = { Elastic }
