'use strict'
// Make calls through an official client and print what became of each, as JSON.
//
//   node main.js '{"client": "elastic-9", "url": "http://127.0.0.1:9200", "index": "products", "run": "r1",
//                  "headers": {}, "groups": ["searches", "reads"], "only": null}'
//
// `client` is one of the names in package.json, `run` a text that makes ids of this run its own, `headers` go with
// every call, and `only` names the calls to make where it is not all of them.
const calls = require('./calls.js')
const { print, transcribe } = require('./transcript.js')

async function main () {
  const config = JSON.parse(process.argv[2])
  const library = require(config.client)
  const family = config.client === 'opensearch' ? require('./opensearch.js').OpenSearch : require('./elastic.js').Elastic
  const client = new family(library, config)
  const all = config.groups.flatMap(group => calls[group]({ client, index: config.index, run: config.run }))
  await print(await transcribe(all.filter(([name]) => !config.only || config.only.includes(name))))
}

// Clients keep connections open, which would keep the process.
main().then(() => process.exit(0))
