'use strict'
// The calls of a shop's search, written once for both families of clients. `client.ask(api, parameters, body, options)`
// makes one; `parameters` are of the path and the URL.

const GLASS = { match: { name: 'glass' } }
const SET = { match: { name: 'set' } }
const HEARTS = { bool: { should: [{ match: { name: { query: 'heart', _name: 'heart' } } }, { match: { name: 'hearts' } }] } }
const AGGREGATIONS = {
  groups: { terms: { field: 'group', size: 5 } },
  popularity: { stats: { field: 'popularity' } },
  ranges: { range: { field: 'popularity', ranges: [{ to: 10 }, { from: 10 }] }, aggs: { best: { max: { field: 'popularity' } } } }
}
const WHOLE = { size: 100 }

const ids = answer => answer.body.hits.hits.map(hit => hit._id)

/** Searches; with a session every one of them can follow the visit. */
function searches ({ client, index, run }) {
  const search = (body, parameters = {}, options = {}) => () =>
    client.ask('search', { index, ...parameters }, body, options)
  return [
    ['search', search({ query: SET, ...WHOLE })],
    ['search without a body', () => client.ask('search', { index })],
    ['search q', search(undefined, { q: 'name:set', size: 100 })],
    ['search from and size, page by page', async () => {
      const pages = []
      for (let from = 0; from < 50; from += 10) {
        pages.push(...ids(await client.ask('search', { index }, { query: GLASS, from, size: 10 })))
      }
      return { ids: pages }
    }],
    ['search sorted by score', search({ query: SET, sort: ['_score'], ...WHOLE })],
    ['search with aggregations', search({ query: SET, aggs: AGGREGATIONS, ...WHOLE })],
    ['search with typed keys', search({ query: SET, aggs: AGGREGATIONS, ...WHOLE }, { typed_keys: true })],
    ['search with highlights', search({ query: HEARTS, highlight: { fields: { name: {} } }, ...WHOLE })],
    ['search with fvh highlights', search({ query: HEARTS, highlight: { fields: { name: { type: 'fvh' } } }, ...WHOLE })],
    ['search with collapsed hits', search({ query: SET, collapse: { field: 'group', inner_hits: { name: 'all', size: 2, sort: ['sku'] } }, ...WHOLE })],
    ['search with filtered source', search({ query: SET, _source: ['na*'], ...WHOLE })],
    ['search with excluded source', search({ query: SET, _source: { excludes: ['name'] }, ...WHOLE })],
    ['search without source', search({ query: SET, _source: false, fields: ['group'], docvalue_fields: ['sku'], ...WHOLE })],
    ['search with a filter of the answer', search({ query: SET, ...WHOLE }, { filter_path: 'hits.total,hits.hits._source' })],
    ['search with a list as a filter', search({ query: SET, ...WHOLE }, { filter_path: ['hits.hits._id', 'took'] })],
    ['search with the total as a number', search({ query: SET, ...WHOLE }, { rest_total_hits_as_int: true })],
    ['search counting exactly', search({ query: SET, track_total_hits: true, ...WHOLE })],
    ['search counting nothing', search({ query: SET, track_total_hits: false, ...WHOLE })],
    ['search with a post filter', search({ query: SET, post_filter: { range: { popularity: { gte: 2 } } }, ...WHOLE })],
    ['search with a suggestion', search({ query: SET, suggest: { spelt: { text: 'haert', term: { field: 'name' } } }, ...WHOLE })],
    ['search with versions', search({ query: SET, version: true, seq_no_primary_term: true, ...WHOLE })],
    ['search with an opaque id', search({ query: SET, ...WHOLE }, {}, { opaqueId: `search-${run}` })],
    ['search with a header of its own', search({ query: SET, ...WHOLE }, {}, { headers: { 'x-shop': 'one' } })],
    ['search with a time-out', search({ query: SET, timeout: '10s', ...WHOLE }, {}, { requestTimeout: 20000 })],
    ['search, pretty', search({ query: SET, ...WHOLE }, { pretty: true, human: true, error_trace: true })],
    ['search with a preference', search({ query: SET, ...WHOLE }, { preference: 'shopper' })],
    ['search in a gzipped request', () => client.gzipped.ask('search', { index }, { query: SET, ...WHOLE })],
    ['search over two names of the index', () => client.ask('search', { index: [index, index] }, { query: SET, ...WHOLE })],
    ['msearch', () => client.msearch([
      { index }, { query: SET, ...WHOLE },
      { index: 'no-such-index' }, { query: SET },
      {}, { query: GLASS, aggs: AGGREGATIONS, ...WHOLE },
      { index }, { query: SET, from: 20000 }
    ], { index })],
    ['helpers.search', async () => ({
      documents: await client.helpers.search(client.parameters({ index }, { query: SET, ...WHOLE }))
    })],
    ['helpers.msearch', async () => {
      const several = client.helpers.msearch({ operations: 2, flushInterval: 100 })
      const answers = await Promise.all([0, 20000, 0].map(from =>
        several.search({ index }, { query: SET, from, ...WHOLE }).then(
          answer => ({ documents: answer.documents }),
          error => ({ error: error.name, status: error.statusCode, message: error.message })
        )))
      several.stop()
      return answers
    }],
    ['twenty searches at once', async () => {
      const words = ['set', 'heart', 'glass', 'bag', 'box', 'pink', 'white', 'metal', 'small', 'cake']
      const bodies = [...words, ...words].map(word => ({ query: { match: { name: word } }, size: 100 }))
      const answers = await Promise.all(bodies.map(body => client.ask('search', { index }, body)))
      return answers.map(answer => ({ status: answer.statusCode, total: answer.body.hits.total, ids: ids(answer) }))
    }],
    ['ten searches over one connection', async () => {
      const { client: single, opened, close } = client.counting()
      const found = []
      for (let page = 0; page < 10; page++) {
        found.push({ ids: ids(await single.ask('search', { index }, { query: { match: { name: 'bag' } }, size: 100 })) })
      }
      const connections = opened()
      await close()
      return { connections, found }
    }]
  ]
}

/** All other reads: what they give is the engine's, whoever asks. */
function reads ({ client, index, run }) {
  const ask = (api, parameters, body, options) => () => client.ask(api, parameters, body, options)
  const search = (body, parameters = {}, options = {}) => ask('search', { index, ...parameters }, body, options)
  const id = '85123A'
  return [
    ['info', ask('info')],
    ['ping', ask('ping')],
    ['index exists', ask('indices.exists', { index })],
    ['missing index exists', ask('indices.exists', { index: 'no-such-index' })],
    ['document exists', ask('exists', { index, id })],
    ['missing document exists', ask('exists', { index, id: 'none' })],
    ['source exists', ask('existsSource', { index, id })],
    ['get', ask('get', { index, id })],
    ['get with filtered source', ask('get', { index, id, _source_includes: 'name' })],
    ['get source', ask('getSource', { index, id })],
    ['get with an odd id', ask('get', { index, id: 'a/b+c %ü' })],
    ['get of a missing document', ask('get', { index, id: 'none' })],
    ['get of a missing document, ignored', ask('get', { index, id: 'none' }, undefined, { ignore: [404] })],
    ['mget', ask('mget', { index }, { ids: [id, 'none', '71053'] })],
    ['mget with documents', ask('mget', {}, { docs: [{ _index: index, _id: id, _source: ['name'] }, { _index: 'no-such-index', _id: '1' }] })],
    ['search sorted by a field', search({ query: SET, sort: [{ popularity: { order: 'desc', missing: '_last' } }, { sku: 'asc' }], ...WHOLE })],
    ['search sorted in the URL', search({ query: SET, size: 100 }, { sort: 'sku:desc' })],
    ['search for no hits', search({ query: SET, size: 0, aggs: AGGREGATIONS })],
    ['search with a least score', search({ query: SET, min_score: 1.5, ...WHOLE })],
    ['search by search_after', async () => {
      const found = []
      for (let after, round = 0; round < 10; round++) {
        const body = { query: SET, size: 20, sort: [{ sku: 'asc' }], ...(after && { search_after: after }) }
        const answer = await client.ask('search', { index }, body)
        if (answer.body.hits.hits.length === 0) break
        found.push(...ids(answer))
        after = answer.body.hits.hits.at(-1).sort
      }
      return { found }
    }],
    ['search in a point in time', async () => {
      const opened = await client.openPit(index)
      const found = []
      for (let after, round = 0; round < 4; round++) {
        const body = {
          query: SET,
          size: 20,
          pit: { id: opened.id, keep_alive: '1m' },
          sort: [{ _score: 'desc' }, { sku: 'asc' }],
          ...(after && { search_after: after })
        }
        const answer = await client.ask('search', {}, body)
        found.push(...answer.body.hits.hits)
        after = answer.body.hits.hits.at(-1).sort
      }
      return { opened: opened.status, found, closed: await client.closePit(opened.id) }
    }],
    ['scroll', async () => {
      const found = []
      let answer = await client.ask('search', { index, scroll: '1m' }, { query: SET, size: 20 })
      while (answer.body.hits.hits.length > 0) {
        found.push(answer.body.hits)
        answer = await client.ask('scroll', {}, { scroll_id: answer.body._scroll_id, scroll: '1m' })
      }
      const closed = await client.ask('clearScroll', {}, { scroll_id: answer.body._scroll_id })
      return { found, closed: closed.body }
    }],
    ['helpers.scrollSearch', async () => {
      const pages = []
      for await (const page of client.helpers.scrollSearch(client.parameters({ index }, { query: SET, size: 20 }))) {
        pages.push(page.documents)
      }
      return pages
    }],
    ['helpers.scrollDocuments', async () => {
      const documents = []
      for await (const document of client.helpers.scrollDocuments(client.parameters({ index }, { query: SET, size: 30 }))) {
        documents.push(document)
      }
      return documents
    }],
    ['scroll that is gone', ask('scroll', {}, { scroll_id: 'bm9uZQ==', scroll: '1m' })],
    ['count', ask('count', { index }, { query: SET })],
    ['count q', ask('count', { index, q: 'name:glass' })],
    ['field_caps', ask('fieldCaps', { index, fields: ['na*', 'group'] })],
    ['validate', ask('indices.validateQuery', { index, explain: true }, { query: SET })],
    ['validate what is wrong', ask('indices.validateQuery', { index, explain: true }, { query: { nonsense: {} } })],
    ['explain', ask('explain', { index, id }, { query: HEARTS })],
    ['explain of a missing document', ask('explain', { index, id: 'none' }, { query: HEARTS })],
    ['termvectors', ask('termvectors', { index, id }, { fields: ['name'], term_statistics: true })],
    ['mtermvectors', ask('mtermvectors', { index }, { ids: [id, 'none'] })],
    ['search shards', ask('searchShards', { index })],
    ['analyze', ask('indices.analyze', { index }, { field: 'name', text: 'WHITE hanging heart' })],
    ['mapping', ask('indices.getMapping', { index })],
    ['settings', ask('indices.getSettings', { index })],
    ['alias', ask('indices.getAlias', { index })],
    ['health of an index', ask('cluster.health', { index })],
    ['rank_eval', ask('rankEval', { index }, {
      requests: [{ id: 'one', request: { query: SET }, ratings: [{ _index: index, _id: id, rating: 1 }] }], metric: { precision: { k: 5 } }
    })],
    ['search template', ask('searchTemplate', { index }, { source: '{"query":{"match":{"name":"{{word}}"}},"size":5}', params: { word: 'set' } })],
    ['render template', ask('renderSearchTemplate', {}, { source: '{"size":"{{size}}"}', params: { size: 3 } })],
    ['msearch template', () => client.msearchTemplate([{ index }, { source: '{"size":2}', params: {} }], { index })],
    ['msearch with a query that is none', () => client.msearch([{ index }, { query: SET }, { index }, { query: { nonsense: {} } }], { index })],
    ['missing template', ask('searchTemplate', { index }, { id: 'no-such-template', params: {} })],
    ['cat count as text', ask('cat.count', { index, v: true, h: 'count' })],
    ['cat aliases as JSON', ask('cat.aliases', { name: index, format: 'json', h: 'alias' })],
    ['search as YAML', () => client.raw('POST', `/${index}/_search`, { format: 'yaml' }, { query: SET, ...WHOLE })],
    ['search answered as YAML', () => client.raw('POST', `/${index}/_search`, {}, { query: SET, ...WHOLE }, { accept: client.type('yaml') })],
    ['search of a missing index', ask('search', { index: 'no-such-index' }, { query: SET })],
    ['search of a missing index, allowed', ask('search', { index: 'no-such-index', ignore_unavailable: true }, { query: SET })],
    ['search with a query that is none', search({ query: { nonsense: {} } })],
    ['search with an unknown key', search({ query: SET, nonsense: 1 })],
    ['search with an unknown parameter', () => client.raw('POST', `/${index}/_search`, { no_such: 'x' }, { query: SET })],
    ['search with a broken q', search(undefined, { q: 'name:(' })],
    ['search beyond the result window', search({ query: SET, from: 20000, size: 10 })],
    ['search with a JSON that is none', () => client.raw('POST', `/${index}/_search`, {}, '{"query":', {
      accept: client.type('json'), 'content-type': client.type('json')
    })],
    ['search with an error and an opaque id', search({ query: { nonsense: {} } }, {}, { opaqueId: `error-${run}` })],
    ['search with a script that does not compile', search({ query: SET, script_fields: { one: { script: { source: 'doc[' } } } })],
    ...client.reads(index, run)
  ]
}

/** What the allow-list refuses; where it is not refused, `index` is made and deleted. */
function writes ({ client, index }) {
  const ask = (api, parameters, body) => () => client.ask(api, parameters, body)
  return [
    ['create an index', ask('indices.create', { index })],
    ['index a document', client.write(index)],
    ['bulk', () => client.bulk([{ index: { _index: index, _id: '2' } }, { name: 'two' }])],
    ['delete by query', ask('deleteByQuery', { index, refresh: true }, { query: { match_all: {} } })],
    ['delete a document', ask('delete', { index, id: '1' })],
    ['delete the index', ask('indices.delete', { index })],
    ['an endpoint that is none', () => client.raw('POST', `/${index}/_search/nonsense`, {}, {})]
  ]
}

/** The addresses of the nodes, as a client that sniffs asks for them. */
function sniffs ({ client }) {
  return [
    ['nodes', () => client.ask('nodes.info', { metric: 'http', filter_path: 'nodes.*.http.publish_address' })],
    ['sniffing', () => client.sniff()]
  ]
}

module.exports = { reads, searches, sniffs, writes }
