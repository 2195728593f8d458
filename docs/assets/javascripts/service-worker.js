// Keeps the guide readable without a network. scripts/installable.py puts the site's list ahead of this:
// FILES = { address: hash of the content }.

const PATIENCE = 4000 // milliseconds that the network has before a kept answer goes first
const FIRST = /^(\.\/|404\.html|assets\/(stylesheets|javascripts)\/.+|assets\/mark\.svg)$/ // kept before a page asks

const ROOT = registration.scope // names the cache too: other sites may share the origin
const [MISSING, RECORD] = addresses(["404.html", "service-worker.json"]) // the latter has the hashes of what is kept
const files = new Map(Object.entries(FILES).map(([path, hash]) => [...addresses([path]), hash]))

let filling

function addresses(paths) {
  return paths.map(path => new URL(path, ROOT).href)
}

/** Put an answer into the cache as if it came from no redirection: browsers refuse to show a page that did. */
function store(cache, address, answer) {
  return cache.put(address, new Response(answer.body, answer))
}

/** Fetch those of these files that are not kept as the list has them, one at a time; drop what the list has not. */
async function keep(wanted) {
  const cache = await caches.open(ROOT)
  const hashes = await (await cache.match(RECORD))?.json() ?? {}
  const kept = new Set((await cache.keys()).map(({ url }) => url))
  for (const address of kept) if (address !== RECORD && !files.has(address)) await cache.delete(address)
  for (const address of wanted) {
    if (kept.has(address) && hashes[address] === files.get(address)) continue
    const answer = await fetch(address, { cache: "no-cache" })
    if (answer.status !== 200) continue
    await store(cache, address, answer)
    hashes[address] = files.get(address)
    await cache.put(RECORD, Response.json(hashes))
  }
}

/** What the network says; a copy of a file of the list is kept. */
async function ask(event, address) {
  const answer = await fetch(event.request)
  if (answer.status === 200 && files.has(address)) {
    const copy = answer.clone()
    event.waitUntil(caches.open(ROOT).then(cache => store(cache, address, copy)))
  }
  return answer
}

/** What the network says, or what is kept where it is silent or slow; the guide's own page for an unknown address. */
async function answer(asked, address) {
  const cache = await caches.open(ROOT)
  const kept = await cache.match(address)
  if (kept) {
    const late = new Promise(resolve => setTimeout(resolve, PATIENCE, kept))
    return Promise.race([asked, late]).catch(() => kept)
  }
  return asked.catch(async error => {
    const page = !files.has(address) && await cache.match(MISSING)
    if (page) return new Response(page.body, { status: 404, headers: page.headers })
    throw error // a page that is there, but not kept: the browser's own words are truer
  })
}

oninstall = event => {
  skipWaiting() // an older worker would do the same with an older list
  event.waitUntil(keep(addresses(Object.keys(FILES).filter(path => FIRST.test(path)))))
}

onactivate = event => event.waitUntil(clients.claim())

// A page says when it is idle. What cannot be fetched now is fetched after the next page.
onmessage = event => {
  filling ??= keep(files.keys()).catch(() => {}).finally(() => { filling = undefined })
  event.waitUntil(filling)
}

onfetch = event => {
  const { method, mode, url } = event.request
  const address = url.replace(/(index\.html)?([?#].*)?$/, "")
  const page = mode === "navigate" && !address.endsWith(".pdf")
  if (method !== "GET" || !(page || files.has(address))) return
  const asked = ask(event, address)
  event.waitUntil(asked.catch(() => {})) // a slow answer is kept, even where it comes too late to be shown
  event.respondWith(answer(asked, address))
}
