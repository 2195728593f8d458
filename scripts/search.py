"""What the search box searches: the theme's index, made small, with the glossary's names for the same thing.

The theme fetches `search/search_index.json` with every page. Its documents move to `search/index.js`, which
docs/assets/javascripts/search.js loads with the first query, over file:// too; the theme keeps an empty index.
"""

import json
import re
from html import unescape
from pathlib import Path

from scripts import glossary
from scripts.chapter import Chapter, Unreadable

TAGS = re.compile(r"<[^>]+>")
BLANKS = re.compile(r"[\s↩]+")


def compact(documents: list[dict], synonyms: list[list[str]]) -> dict:
    """The documents of the theme's index, section by section, as pages: {"pages": [...], "synonyms": [[name, ...]]}.

    A page is {"location", "title", "tags", "sections": [[anchor, title, text], ...]}; its first section is its start.
    """
    pages: dict[str, dict] = {}
    for document in documents:
        location, _, anchor = document["location"].partition("#")
        if anchor.startswith("tag:"):
            continue  # the list of techniques names other pages; they carry the same tags
        page = pages.setdefault(location, {"location": location, "title": plain(document["title"]), "sections": []})
        page.setdefault("tags", document.get("tags", []))
        page["sections"].append([anchor, plain(document["title"]), plain(document["text"])])
    return {"pages": list(pages.values()), "synonyms": synonyms}


def plain(html: str) -> str:
    """HTML as text on one line."""
    return BLANKS.sub(" ", unescape(TAGS.sub(" ", html))).strip()


def synonyms() -> list[list[str]]:
    """The names of each term of the glossary that has more than one."""
    try:
        return [[entry.term, *entry.also] for entry in glossary.entries(Chapter(glossary.PAGE)) if entry.also]
    except Unreadable:
        return []  # the checker says what is wrong with it


def write(site: Path) -> None:
    """Move the documents of a built site's index to where they are loaded when somebody searches."""
    path = site / "search" / "search_index.json"
    index = json.loads(path.read_text("utf-8"))
    found = json.dumps(compact(index["docs"], synonyms()), ensure_ascii=False, separators=(",", ":"))
    path.with_name("index.js").write_text(f"const guide = {found}\n", "utf-8")
    rest = json.dumps(index | {"docs": []})
    path.write_text(rest, "utf-8")
    path.with_suffix(".js").write_text(f"const __index = {rest}\n", "utf-8")  # what the theme reads over file://
