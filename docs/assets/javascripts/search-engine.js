// What the search box finds: MiniSearch over the index that scripts/search.py has written, with this guide's words and
// weights. search.js loads it with the first query and asks `answer`.

const FIELDS = { title: 6, page: 3, tags: 4, text: 1 }
const NUMBERS = "  two three four five six seven eight nine ten".split(" ")
const STOP = new Set("a an and are as at be by do does for from how i if in is it its like my of on one or our that the then this to use vs we what when which why with you your".split(" "))
const LISTS = /^reference\/(glossary|resources|cheat-sheet)\b/ // name everything and teach little
const WAYS_IN = /^(reference\/(glossary|tags)|framework|case-studies)(\/|\/index\.html|\.html)$/
const SECTIONS = 5 // shown of one page, the best three of them at once
const NEAR = 3
const PAGES = 12 // shown at all; the theme draws ten, and more when one scrolls
const PARTS = /[\p{L}\p{N}]+|[&<>"]/gu // of a text: words, and signs that HTML writes otherwise
const SIGNS = new Map(Object.entries({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" }))

let engine, sections, names

/** The words of a text, in lower case, without accents, plural endings and word numbers: what is indexed and sought. */
function words(text) {
  return text.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLowerCase().split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean).map(stem)
}

/** "Cheat sheet" as "cheatsheet", for those who write it as one word. */
function joined(title) {
  return title.split(" ").slice(1).map((word, at) => title.split(" ")[at] + word).join(" ")
}

/** "Embeddings" as "embedding", "policies" as "policy", "two" as "2". */
function stem(word) {
  const number = NUMBERS.indexOf(word)
  if (number > 1) return `${number}`
  if (word.length < 4 || /(ss|us|is)$/.test(word)) return word
  return word.replace(/ies$/, "y").replace(/(ch|sh|x|z|ss)es$/, "$1").replace(/s$/, "")
}

/** Take in what scripts/search.py has written: pages with their sections, and groups of names for one thing. */
function build({ pages, synonyms }) {
  engine = new MiniSearch({
    fields: Object.keys(FIELDS),
    tokenize: words,
    processTerm: word => word,
    searchOptions: { tokenize: words, processTerm: word => word }
  })
  sections = pages.flatMap((page, number) => page.sections.map(([anchor, title, text], place) => ({
    id: `${number}.${place}`, number, anchor, title, text, page: page.title, of: page,
    tags: place ? "" : [...page.tags, joined(page.title)].join(" ; ")
  })))
  engine.addAll(sections)
  sections = new Map(sections.map(section => [section.id, section]))
  names = synonyms.map(group => group.map(name => words(name).join(" ")))
}

/** The queries to try for a query: itself, and itself with one of its names changed for another of the same thing. */
function variants(sought) {
  const found = [sought]
  const padded = ` ${sought.join(" ")} `
  for (const group of names)
    for (const name of group)
      if (padded.includes(` ${name} `))
        for (const other of group)
          if (other !== name) found.push(padded.replace(` ${name} `, ` ${other} `).trim().split(" "))
  return found.slice(0, 12)
}

/** Sections with their scores: every word counts, near misses count less, and less again when words are missing.
    `slips` allows more wrong letters; letters changed about, as in "kafak", are two. */
function score(sought, last, slips = 0) {
  const terms = sought.filter(word => !STOP.has(word))
  const wanted = terms.length ? terms : sought
  const hits = engine.search(wanted.join(" "), {
    boost: FIELDS,
    prefix: term => term === last && term.length > 1,
    fuzzy: term => term.length > 3 && (term.length > 7 ? 2 : 1) + slips,
    weights: { prefix: 0.5, fuzzy: 0.2 }
  })
  const phrase = wanted.join(" ")
  return hits.map(({ id, score, queryTerms, match }) => {
    const section = sections.get(id)
    const covered = new Set(queryTerms).size / new Set(wanted).size
    section.titled ??= words(section.anchor ? section.title : section.page).filter(word => !STOP.has(word)).join(" ")
    section.of.phrases ??= section.of.tags.map(tag => words(tag).join(" "))
    const tagged = !section.anchor && section.of.phrases.includes(phrase)
    const asks = section.title.endsWith("?") ? 0.4 : 1 // to rehearse by, not to read first
    const worth = asks * (LISTS.test(section.of.location) ? 0.4 : section.titled === phrase ? 3 : tagged ? 2 : 1)
    return { section, score: score * covered ** 3 * worth, terms: Object.keys(match), missing: wanted.filter(word => !queryTerms.includes(word)) }
  })
}

/** The pages for a query, best first, each a list: the page, then its best sections. */
function search(query) {
  const sought = words(query)
  if (!sought.length) return []
  const last = /\s$/.test(query) ? null : sought.at(-1)
  const best = new Map()
  variants(sought).forEach((variant, index) => {
    for (const hit of score(variant, last)) {
      if (index) hit.score *= 0.7
      const old = best.get(hit.section.id)
      if (!old || old.score < hit.score) best.set(hit.section.id, hit)
    }
  })
  if (!best.size) for (const hit of score(sought, last, 1)) best.set(hit.section.id, hit)
  const pages = new Map()
  for (const hit of [...best.values()].sort((a, b) => b.score - a.score)) {
    const group = pages.get(hit.section.number) ?? []
    if (group.length < SECTIONS) group.push(hit)
    pages.set(hit.section.number, group)
  }
  const ranked = [...pages.values()].map(hits => ({
    hits, score: hits[0].score + 0.1 * hits.slice(1, 4).reduce((sum, hit) => sum + hit.score, 0)
  })).sort((a, b) => b.score - a.score)
  const enough = ranked.length ? ranked[0].score / 50 : 0
  return ranked.filter(page => page.score > enough).slice(0, PAGES).map(present)
}

/** One page as the theme shows it: the page itself first, whose score says which sections are shown at once. */
function present({ hits }) {
  const page = hits[0].section.of
  const inner = hits.filter(hit => hit.section.anchor)
  const shown = inner[Math.min(NEAR, inner.length) - 1]?.score ?? 0
  const own = hits.find(hit => !hit.section.anchor)
  const terms = Object.fromEntries([...hits[0].terms.map(term => [term, true]), ...hits[0].missing.map(term => [term, false])])
  const isFound = finder(hits[0].terms)
  return [
    { location: page.location, title: mark(page.title, isFound), text: own ? teaser(own.section, finder(own.terms)) : "", tags: tags(page, isFound), score: shown, terms },
    ...inner.map(({ section, terms, score }) => {
      const isFound = finder(terms)
      return {
        location: `${page.location}#${section.anchor}`, title: mark(section.title, isFound), text: teaser(section, isFound),
        score, terms: Object.fromEntries(terms.map(term => [term, true]))
      }
    })
  ]
}

function tags(page, isFound) {
  const marked = page.tags.map(tag => mark(tag, isFound))
  return marked.some(tag => tag.includes("<mark")) ? marked : undefined
}

/** The text around the first word that was found. */
function teaser({ text }, isFound) {
  let at = -1
  for (const { 0: part, index } of text.matchAll(PARTS))
    if (isFound(part)) {
      at = index
      break
    }
  const start = Math.max(0, text.lastIndexOf(" ", Math.max(0, at - 60)) + 1)
  const cut = text.slice(start, start + 200)
  return (start ? "… " : "") + mark(cut.length < 200 ? cut : cut.slice(0, cut.lastIndexOf(" ")) + " …", isFound)
}

/** Escaped HTML with the words that were found marked. */
function mark(text, isFound) {
  return text.replace(PARTS, part => isFound(part) ? `<mark data-md-highlight>${part}</mark>` : SIGNS.get(part) ?? part)
}

/** Tells whether a word is one of these terms, with up to three letters more. There may be hundreds: sets, since one
    regular expression of them all took most of the time of a query. */
function finder(terms) {
  const stems = new Set(terms.map(term => term.replace(/y$/, "") || term).filter(term => !STOP.has(term)))
  const initials = new Set([...stems].map(stem => stem[0]))
  return word => {
    if (!initials.has(word[0].toLowerCase())) return false
    const lower = word.toLowerCase()
    return [0, 1, 2, 3].some(more => stems.has(lower.slice(0, lower.length - more)) && /^\p{L}*$/u.test(lower.slice(lower.length - more)))
  }
}

function escape(text) {
  return mark(text, () => false)
}

/** Where nothing is near, the ways in, so that no query ends nowhere. */
function waysIn(query) {
  const starts = [...sections.values()].filter(({ anchor, of }) => !anchor && WAYS_IN.test(of.location))
  const text = `Nothing is called “${escape(query)}” here; look through this page.`
  return starts.map(({ of: { location, title } }) => [{ location, title: escape(title), text, score: 1, terms: {} }])
}

/** The pages for what a reader has typed, each a list: the page, then its best sections. */
function answer(query) {
  if (!engine) build(guide)
  const found = search(query)
  return found.length ? found : waysIn(query.trim())
}
