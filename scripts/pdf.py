"""PDFs of the built site: one for each chapter and one of the whole guide, as a browser prints the pages.

`python -m scripts.pdf [SITE]` writes `SITE/pdf/…`. The browser sees the site's files at the site's address, without its
scripts, and nothing else: a link between chapters leads to the hosted site or, in the whole guide, to its page.
"""

import json
import mimetypes
import re
import sys
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from playwright.sync_api import BrowserContext, Page, Route, sync_playwright
from pypdf import PdfReader, PdfWriter
from pypdf.generic import Destination

from scripts import browser

NOWHERE = "https://guide.invalid/"  # where a site without an address is printed from
GUIDE = "guide.pdf"
AUTHOR = "The contributors of the guide"
LEVELS = 3  # of bookmarks

ASSEMBLE = """async ([addresses, cover]) => {
  const name = address => new URL(address).pathname.replace(/\\W+/g, "-")
  const known = new Map(addresses.map(address => [address, name(address)]))
  const chapters = []
  for (const [number, address] of addresses.entries()) {
    const source = new DOMParser().parseFromString(await (await fetch(address)).text(), "text/html")
    const chapter = source.querySelector("article")
    const prefix = known.get(address)
    for (const element of chapter.querySelectorAll("[id]")) element.id = `${prefix}.${element.id}`
    for (const element of chapter.querySelectorAll("*"))
      for (const name of ["aria-labelledby", "aria-describedby", "marker-end", "marker-start", "clip-path"]) {
        const value = element.getAttribute(name)
        if (!value) continue
        if (name.startsWith("aria")) element.setAttribute(name, value.split(" ").map(id => `${prefix}.${id}`).join(" "))
        else element.setAttribute(name, value.replace(/url\\(#/, `url(#${prefix}.`))
      }
    for (const link of chapter.querySelectorAll("[href], [*|href]")) {
      const attribute = link.hasAttribute("href") ? "href" : "xlink:href"
      const target = new URL(link.getAttribute(attribute), address)
      const page = known.get(target.href.replace(/#.*/, ""))
      const anchor = target.hash && `.${decodeURIComponent(target.hash.slice(1))}`
      link.setAttribute(attribute, page ? `#${page}${anchor}` : target.href)
    }
    chapter.id = prefix
    chapter.classList.add("chapter")
    if (!chapter.querySelector(".side")) chapter.style.page = `chapter-${number}` // print.css has the cheat sheet's
    chapters.push(chapter)
  }
  const contents = document.createElement("nav")
  contents.className = "contents"
  contents.innerHTML = "<h1>Contents</h1>"
  const list = contents.appendChild(document.createElement("ol"))
  for (const chapter of chapters) {
    const entry = list.appendChild(document.createElement("li"))
    entry.innerHTML = "<a><span></span><span class=number></span></a>"
    entry.firstChild.href = `#${chapter.id}`
    entry.firstChild.firstChild.textContent = title(chapter)
  }
  const front = document.createElement("header")
  front.className = "cover"
  front.innerHTML = cover
  document.body.replaceChildren(front, contents, ...chapters)
  document.body.className = "md-typeset print"
  function title(chapter) {
    const heading = chapter.querySelector("h1").cloneNode(true)
    heading.querySelectorAll(".headerlink").forEach(link => link.remove())
    return heading.textContent.trim()
  }
  return chapters.map(title)
}"""

NUMBER = """numbers => document.querySelectorAll(".contents .number").forEach((place, at) => {
  place.textContent = numbers[at]
})"""


def addresses(site: Path) -> list[str]:
    """The pages in the order of reading, as paths from the site's root."""
    here, found = "", []
    while here is not None and here not in found:
        found.append(here)
        html = (site / here / "index.html").read_text("utf-8")
        following = re.search(r'<link rel="next" href="([^"]+)"', html)
        here = urlsplit(urljoin(f"{NOWHERE}{here}", following[1])).path.removeprefix("/") if following else None
    return found


def root(site: Path) -> str:
    """The address that the site was built for."""
    found = re.search(r'<link rel="canonical" href="([^"]+)"', (site / "index.html").read_text("utf-8"))
    return found[1] if found else NOWHERE


def serve(context: BrowserContext, site: Path, base: str) -> None:
    """Answer what the browser asks from the files of the site, leaving out its scripts; nothing goes to the network."""

    def answer(route: Route) -> None:
        path = site / unquote(urlsplit(route.request.url).path).removeprefix(urlsplit(base).path)
        path = path / "index.html" if path.is_dir() else path
        if not route.request.url.startswith(base) or path.suffix == ".js" or not path.is_file():
            return route.abort()
        return route.fulfill(body=path.read_bytes(), content_type=mimetypes.guess_type(path.name)[0] or "text/plain")

    context.route("**/*", answer)


def printed(page: Page, path: Path) -> None:
    """Print what the page shows; Chromium makes bookmarks of its headings and tags its structure."""
    path.parent.mkdir(parents=True, exist_ok=True)
    page.pdf(path=str(path), format="A4", tagged=True, outline=True)


def quoted(text: str) -> str:
    """A CSS string."""
    return json.dumps(text, ensure_ascii=False)


def running(names: list[str]) -> str:
    """CSS that prints the name of each chapter at the head of its pages."""
    return "".join(f"@page chapter-{n} {{ @top-left {{ content: {quoted(name)} }} }}\n" for n, name in enumerate(names))


def finish(path: Path, title: str) -> PdfReader:
    """Give a PDF its metadata and leave of its bookmarks the first levels."""
    writer = PdfWriter(clone_from=str(path))
    writer.add_metadata({"/Title": title, "/Author": AUTHOR})
    if "/Outlines" in writer.root_object:
        prune(writer.root_object["/Outlines"], LEVELS)
    writer.write(str(path))
    return PdfReader(str(path))


def prune(item, levels: int) -> None:
    """Take away the bookmarks below this many levels."""
    child = item.get("/First")
    if levels == 0:
        for key in ("/First", "/Last", "/Count"):
            item.pop(key, None)
        return
    while child is not None:
        child = child.get_object()
        prune(child, levels - 1)
        child = child.get("/Next")


def starts(reader: PdfReader) -> list[int]:
    """The page, from 1, on which each chapter of the whole guide starts: its top-level bookmarks after the contents."""
    tops = [item for item in reader.outline if isinstance(item, Destination)]
    return [reader.get_destination_page_number(item) + 1 for item in tops][1:]


def chapter(context: BrowserContext, base: str, place: str, path: Path) -> str:
    """Print one page of the site; returns its title."""
    page = context.new_page()
    page.goto(base + place)
    title = page.title()
    page.add_style_tag(content=f"@page {{ @top-left {{ content: {quoted(title.split(' - ')[0])} }} }}")
    printed(page, path)
    page.close()
    finish(path, title)
    return title


def whole(context: BrowserContext, base: str, places: list[str], path: Path) -> int:
    """Print all pages as one document, twice, since the contents name pages; returns how many it has."""
    page = context.new_page()
    page.goto(base)
    name = page.title()
    cover = f"<p class=name>{name}</p><p>{page.locator('meta[name=description]').get_attribute('content')}</p>"
    names = page.evaluate(ASSEMBLE, [[base + place for place in places], cover])
    page.add_style_tag(content=running(names))
    printed(page, path)
    numbers = starts(PdfReader(str(path)))
    page.evaluate(NUMBER, numbers)
    printed(page, path)
    reader = finish(path, name)
    if starts(reader) != numbers:
        sys.exit("The pages moved while the contents were numbered; this is a fault of scripts/pdf.py")
    return len(reader.pages)


def main() -> int:
    """Print the site in the folder named, or in `site`. Returns 1 where there is none, or no browser."""
    site = Path(sys.argv[1] if len(sys.argv) > 1 else "site")
    if not (site / "index.html").is_file():
        print(f"{site}: there is no built site; make one with: python3 scripts/dev.py build")
        return 1
    base, places = root(site), addresses(site)
    chapters = [place for place in places if place.count("/") == 2]
    try:
        with sync_playwright() as playwright:
            context = browser.launch(playwright).new_context(bypass_csp=True)
            serve(context, site, base)
            for number, place in enumerate(chapters, 1):
                path = site / "pdf" / f"{place.strip('/')}.pdf"
                chapter(context, base, place, path)
                print(f"{number}/{len(chapters)} {path.relative_to(site)}", flush=True)
            print(f"pdf/{GUIDE}", end=" ", flush=True)
            print(f"{whole(context, base, places, site / 'pdf' / GUIDE)} pages")
    except browser.NoBrowser as error:
        print(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
