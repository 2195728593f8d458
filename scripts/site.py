"""Checker of the built HTML: the faults that a strict build lets through.

Usage: python -m scripts.site [SITE_DIR [DOCS_DIR]]
"""

import difflib
import posixpath
import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

RULES = {
    "empty-site": "no page here; build the site first",
    "html-lang": "the page does not say its language; give <html> a lang",
    "one-h1": "{} headings of level 1; a page has exactly one",
    "skipped-heading": "{!r} skips a level; go down one level at a time",
    "duplicate-id": "the id {!r} stands on the page already; rename one of them",
    "image-alt": "the image {!r} has no alternative text; say what it shows",
    "empty-link": "a link without text or without target; give it both",
    "broken-link": "nothing is at {!r}; mend the link",
    "broken-anchor": "nothing has the id in {!r}; mend the link",
    "missing-file": "no file is at {!r}; mend the address or add the file",
    "outside-resource": "{!r} is fetched from another site; keep a copy in docs/assets",
    "undefined-reference": "{!r} was left as text; define it, or put it in backticks",
    "unused-footnote": "nothing refers to {!r}; refer to it or delete it",
    "unsafe-html": "{!r} can run code; take it out",
}
NOT_FETCHED = {"alternate", "author", "canonical", "license", "next", "prev"}  # kinds of <link>
INLINE = {"a", "abbr", "b", "code", "del", "em", "i", "kbd", "mark", "small", "span", "strong", "sub", "sup"}
VERBATIM = {"code", "kbd", "math", "pre", "samp", "script", "style", "svg"}  # brackets are no Markdown there
ADDRESSES = {"href", "src", "srcset", "poster", "data", "style"}
ACTIVE = {"base", "embed", "iframe", "object", "script"}
REFERENCE = re.compile(r"(?<![\w}\]])\[[^\[\]]*\]\[[^\[\]]*\]|\[\^[^\[\]\s]+\]")
JAVASCRIPT = re.compile(r"[\0-\x20]*" + r"\s*".join("javascript:"), re.I)  # browsers skip blanks in a scheme
CSS_COMMENT = re.compile(r"/\*.*?\*/", re.S)
CSS_URL = re.compile(r"""(?:url\(\s*["']?|@import\s*["'])([^"')]+)""", re.I)

Link = tuple[int, str, str]  # line, address, the rule it breaks when it leads nowhere
Fault = tuple[int, str, str, str]  # line, rule, message, the text to look for in the source


def fault(line: int, rule: str, value: object = "", needle: str | None = None, hint: str = "") -> Fault:
    return line, rule, RULES[rule].format(value) + hint, str(value) if needle is None else needle


class Page(HTMLParser):
    """One pass over a page: its ids, its links, and the faults that show without the other pages."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[Link] = []
        self.faults: list[Fault] = []
        self.canonical = self.lang = self.text = ""
        self.article = self.verbatim = self.level = self.h1 = self.text_line = 0
        self.link_text: str | None = None  # None outside links
        self.feed(html)
        self.close()
        self.faults += [fault(1, "html-lang")] * (not self.lang)
        self.faults += [fault(1, "one-h1", self.h1, "")] * (self.h1 != 1)

    def find(self, rule: str, value: object = "", needle: str | None = None) -> None:
        self.faults.append(fault(self.getpos()[0], rule, value, needle))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        attrs = {name.removeprefix("xlink:"): (value or "").strip() for name, value in attributes}
        if tag not in INLINE:
            self.end_block()
        self.article += tag == "article"
        self.verbatim += tag in VERBATIM
        if "id" in attrs:
            if attrs["id"] in self.ids:
                self.find("duplicate-id", attrs["id"])
            self.ids.add(attrs["id"])
        if tag == "html":
            self.lang = attrs.get("lang", "")
        elif tag == "a" and "href" in attrs:
            self.link_text = attrs.get("aria-label") or attrs.get("title", "")
        elif tag == "img":
            self.handle_data(attrs.get("alt", ""))
            if "alt" not in attrs or (self.article and not attrs["alt"]):
                self.find("image-alt", posixpath.basename(attrs.get("src", "")))
        if self.article and tag in ACTIVE and attrs.get("type") != "application/json":
            self.find("unsafe-html", f"<{tag}")
        for name, value in attrs.items():
            if ":" in value and JAVASCRIPT.match(value):
                self.find("unsafe-html", "javascript:")
            elif name.startswith("on") or name == "srcdoc":
                self.find("unsafe-html", name)
        if not ADDRESSES.isdisjoint(attrs):
            self.collect_links(tag, attrs)

    def collect_links(self, tag: str, attrs: dict[str, str]) -> None:
        line, href, rels = self.getpos()[0], attrs.get("href", ""), set(attrs.get("rel", "").split())
        self.links += css_links(attrs.get("style", ""), line)
        if "canonical" in rels:
            self.canonical = href
        elif "footnote-backref" in attrs.get("class", ""):
            if href[1:] not in self.ids:
                note = f"[^{href.partition(':')[2]}]"
                self.find("unused-footnote", note, f"{note}:")
        elif tag in {"a", "area"} or rels & NOT_FETCHED:
            if "href" in attrs and not href:
                self.find("empty-link", needle="]()")
            elif href and "edit" not in rels:  # the edit button leads nowhere until a new page is merged
                self.links.append((line, href, "broken-link"))
        else:
            urls = [attrs[key] for key in ("src", "href", "poster", "data") if key in attrs]
            urls += [part.split()[0] for part in attrs.get("srcset", "").split(",") if part.strip()]
            self.links += [(line, url, "missing-file") for url in urls]

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self.link_text is not None:
            if not self.link_text.strip():
                self.find("empty-link", needle="[](")
            self.link_text = None
        elif re.fullmatch("h[1-6]", tag):
            level = int(tag[1])
            if level > self.level + 1:
                self.find("skipped-heading", self.text.strip("¶ \n"))
            self.level, self.h1 = level, self.h1 + (level == 1)
        if tag not in INLINE:
            self.end_block()
        self.article -= tag == "article"
        self.verbatim -= tag in VERBATIM

    def handle_data(self, data: str) -> None:
        if self.lasttag == "style":
            self.links += css_links(data, self.getpos()[0])
        if self.link_text is not None:
            self.link_text += data
        self.text_line = self.text_line or self.getpos()[0]
        self.text += data.replace("[", "(") if self.verbatim else data

    def end_block(self) -> None:
        """Look for references in the text of the block that ends; inline tags do not part it."""
        for match in REFERENCE.finditer(self.text) if self.article else ():
            line = self.text_line + self.text.count("\n", 0, match.start())
            self.faults.append(fault(line, "undefined-reference", match[0]))
        self.text, self.text_line = "", 0


def css_links(css: str, line: int = 1) -> Iterator[Link]:
    """What a style sheet fetches; `line` is where it starts."""
    css = CSS_COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), css)
    for match in CSS_URL.finditer(css):
        yield line + css.count("\n", 0, match.start()), match[1].strip(), "missing-file"


def read(site: Path) -> dict[str, Page]:
    """The pages of a built site by their path in it, such as `framework/01-clarify/index.html`."""
    files = sorted(site.rglob("*.html"))
    return {file.relative_to(site).as_posix(): Page(file.read_text("utf-8", "replace")) for file in files}


def source(name: str, docs: Path) -> Path | None:
    """The file under `docs` that became the file `name` of the site, if there is one."""
    candidates = [name, name.removesuffix(".html") + ".md"]
    if posixpath.basename(name) == "index.html":
        folder = posixpath.dirname(name)
        candidates += [f"{folder}.md", posixpath.join(folder, "README.md")]
    return next((docs / path for path in candidates if (docs / path).is_file()), None)


def lines(file: Path, pattern: str) -> list[int]:
    """The lines of a text file that hold a match of a regular expression."""
    text = file.read_text("utf-8", "replace").splitlines()
    return [number for number, line in enumerate(text, 1) if re.search(pattern, line)]


def resolve(name: str, url: str, base: str) -> tuple[str, str] | None:
    """The path in the site and the fragment that `url` means in the file `name`; None if it leaves the site.

    `base` is the address of the site, "" where it has none yet. Raises ValueError on what is no address.
    """
    parts, root = urlsplit(url), urlsplit(base).path or "/"
    if (parts.scheme or parts.netloc) and not (base and url.startswith(base)):
        return None
    path = unquote(parts.path)
    if path.startswith(root):  # as all links do in 404.html
        path = path.removeprefix(root)
    else:
        path = posixpath.join(posixpath.dirname(name), path) if path else name
    return posixpath.normpath(path), unquote(parts.fragment)


def dead(name: str, links: list[Link], pages: dict[str, Page], files: set[str], base: str) -> Iterator[Fault]:
    """The links of the file `name` that lead nowhere, and what it fetches from outside."""
    for line, url, rule in links:
        try:
            target = resolve(name, url, base)
        except ValueError:
            target = "..", ""
        if target is None:
            if rule == "missing-file" and not url.startswith("data:"):
                yield fault(line, "outside-resource", url)
            continue
        path, fragment = target
        file = path if path in files else posixpath.normpath(posixpath.join(path, "index.html"))
        if file not in files:
            near = difflib.get_close_matches(path, {known.removesuffix("/index.html") for known in files}, 1)
            needle = posixpath.basename(url.partition("#")[0].rstrip("/"))
        elif fragment and file in pages and fragment not in pages[file].ids:
            near = difflib.get_close_matches(fragment, pages[file].ids, 1)
            rule, needle = "broken-anchor", f"#{fragment}"
        else:
            continue
        yield fault(line, rule, url, needle, f"; the nearest is {near[0]!r}" if near else "")


def problems(site: Path, docs: Path | None = None) -> Iterator[tuple[str, int, str, str]]:
    """The faults of a built site as (file, line, rule, message), file by file.

    With `docs`, the file is the source to edit and the line that of the text at fault; where the source does
    not hold that text, the line is 1 and the message names the place in the built file.
    """
    pages = read(site)
    if not pages:
        yield str(site), 1, "empty-site", RULES["empty-site"]
        return
    files = {file.relative_to(site).as_posix() for file in site.rglob("*") if file.is_file()}
    base = pages["index.html"].canonical if "index.html" in pages else ""
    for name in sorted(files):
        if name in pages:
            links, faults = pages[name].links, pages[name].faults
        elif name.endswith(".css"):
            links, faults = list(css_links((site / name).read_text("utf-8", "replace"))), []
        else:
            continue
        built, edited = str(site / name), docs and source(name, docs)
        found = set()
        for line, rule, message, needle in [*faults, *dead(name, links, pages, files, base)]:
            if not edited:
                found.add((built, line, rule, message))
            elif at := needle and lines(edited, re.escape(needle)):
                found.add((str(edited), at[0], rule, message))
            else:
                found.add((str(edited), 1, rule, f"{message} (line {line} of {built})"))
        yield from sorted(found)


def main(site: str = "site", docs: str = "docs") -> int:
    found = list(problems(Path(site), Path(docs)))
    for file, line, rule, message in found:
        print(f"{file}:{line}: {rule}: {message}")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
