'use strict'
// What became of each call: the answer, or the error with its class, status, headers and body.

/** An answer with its status and headers; what helpers give stays as it is. */
function answered (value) {
  if (value === null || typeof value !== 'object' || !('statusCode' in value)) return { result: value }
  return { status: value.statusCode, headers: value.headers, warnings: value.warnings, result: value.body }
}

function failed (error) {
  return {
    error: error.name,
    message: error.message,
    status: error.statusCode ?? null,
    headers: error.meta?.headers ?? null,
    warnings: error.meta?.warnings ?? null,
    result: error.meta?.body ?? error.body ?? null
  }
}

/** Make the calls one after another, `[[name, call], …]`, and give what became of them, in that order. */
async function transcribe (calls) {
  const records = []
  for (const [name, call] of calls) {
    records.push({ call: name, ...await call().then(answered, failed) })
  }
  return records
}

/** Values that JSON has no form of: long integers and buffers. */
function plain (_key, value) {
  return typeof value === 'bigint' ? value.toString() : value
}

/** Print the records; the promise is kept once all has been written. */
function print (records) {
  return new Promise(resolve => process.stdout.write(JSON.stringify(records, plain), resolve))
}

module.exports = { print, transcribe }
