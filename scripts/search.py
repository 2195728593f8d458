"""What the search box searches: every section of every page, with the glossary's names for the same thing.

docs/assets/javascripts/search-engine.js searches it; both are loaded with the first query, over file:// too. The
theme's own index, which it would fetch with every page, stays empty.
"""

import json
import re
from collections.abc import Iterable
from functools import cache
from html import unescape
from pathlib import Path

from mkdocs.structure.pages import Page

from scripts import glossary
from scripts.chapter import Unreadable, read

HEADING = re.compile(r'<h[1-6][^>]* id="([^"]+)"[^>]*>(.*?)</h[1-6]>', re.S)
UNSEEN = re.compile(r'<(figure|script|style)\b.*?</\1>|<a class="(?:headerlink|footnote-backref)".*?</a>', re.S)
WITHIN_WORDS = re.compile(r"</?(?:a|abbr|b|code|del|em|i|kbd|mark|span|strong|sub|sup)\b[^>]*>")
TAGS = re.compile(r"<[^>]+>")
TAG = "tag:"  # a section of the list of techniques, which names other pages; they carry the same tags


def leave_to_us(page: Page) -> None:
    """Keep a page out of the theme's index."""
    page.meta["search"] = {"exclude": True}


def write(pages: Iterable[Page], site: Path) -> None:
    """Write the index of rendered pages: {"pages": [...], "synonyms": [[name, ...], ...]}."""
    index = json.dumps(
        {"pages": [entry(page) for page in pages], "synonyms": synonyms()}, ensure_ascii=False, separators=(",", ":")
    )
    path = site / "search" / "index.js"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"const guide = {index}\n", "utf-8")


def for_a_folder(site: Path) -> None:
    """Over file:// the theme asks for its own index, empty as it is, as a script."""
    index = site / "search" / "search_index.json"
    index.with_suffix(".js").write_text(f"const __index = {index.read_text('utf-8')}\n", "utf-8")


def entry(page: Page) -> dict:
    """{"location", "title", "tags", "sections": [[anchor, title, text], ...]}; the first section is its start."""
    tags = [str(tag) for tag in page.meta.get("tags", [])]
    found = [section for section in sections(page.content or "", page.title or "") if not section[0].startswith(TAG)]
    return {"location": page.url, "title": found[0][1], "tags": tags, "sections": found}


@cache  # a rebuild asks again for what has not changed
def sections(html: str, title: str) -> list[tuple[str, str, str]]:
    """Anchor, title and text of each section; the first is what stands under the page's own title."""
    start, *rest = HEADING.split(UNSEEN.sub("", html))
    headings = [("", title, start), *zip(rest[::3], rest[1::3], rest[2::3], strict=True)]
    if len(headings) > 1 and not plain(start):
        headings[:2] = [("", *headings[1][1:])]
    return [(anchor, plain(heading), plain(text)) for anchor, heading, text in headings]


def plain(html: str) -> str:
    """HTML as text on one line."""
    return " ".join(unescape(TAGS.sub(" ", WITHIN_WORDS.sub("", html))).split())


def synonyms() -> list[list[str]]:
    """The names of each term of the glossary that has more than one."""
    try:
        return [[entry.term, *entry.also] for entry in glossary.listed(read(glossary.PAGE)) if entry.also]
    except Unreadable:
        return []  # the checker says what is wrong with it
