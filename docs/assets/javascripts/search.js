// The worker behind the theme's search box, in the theme's messages. It comes with every page, so it holds nothing:
// engine and index come with the first query.

const [SETUP, READY, QUERY, RESULT] = [0, 1, 2, 3]
const FILES = ["../vendor/minisearch.js", "../../search/index.js", "search-engine.js"]
const HERE = globalThis.document?.currentScript?.src ?? globalThis.location?.href // a script where there are no workers

let loading

onmessage = async ({ data: { type, data } }) => {
  if (type === SETUP) return postMessage({ type: READY })
  if (type !== QUERY) return
  const asked = data.trim()
  if (asked) await (loading ??= Promise.resolve(importScripts(...FILES.map(file => new URL(file, HERE).href))))
  postMessage({ type: RESULT, data: { items: asked ? answer(data) : [] } })
}
