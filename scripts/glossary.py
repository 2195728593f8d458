"""Markdown extension: the first use of a glossary term on a page links to its entry, with the definition as hover text.

`docs/reference/glossary.md` is the only list: a term is a `###` heading, its other names an optional line `*Also: …*`,
its definition the first sentence below. Authors write the words, the site makes the links.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple
from xml.etree.ElementTree import Element

from markdown import Extension, Markdown
from markdown.treeprocessors import Treeprocessor

from scripts.chapter import DOCS, Chapter, Unreadable, plain, read

PAGE = DOCS / "reference" / "glossary.md"
LONGEST = 160  # characters of a definition: what a hover text can hold

ALSO = re.compile(r"Also: (.+?)\.?$")
SENTENCE = re.compile(r"(?<=[.?!]) +(?=[A-Z])")
WORD = re.compile(r"(?<![\w–-])\w+")
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
NO_LINKS = {*HEADINGS, "a", "button", "code", "pre", "script", "style", "summary", "svg", "th"}


class Entry(NamedTuple):
    """A term with the line and the anchor of its heading, its other names, and its definition in one sentence."""

    line: int
    term: str
    anchor: str
    also: list[str]
    definition: str


def entries(chapter: Chapter) -> Iterator[Entry]:
    """The entries of a glossary, in its order."""
    anchors = {heading.line: heading.anchor for heading in chapter.headings}
    for section in chapter.sections:
        for at, term, tokens in section.headings(3):
            texts = [plain(tokens[i + 1]) for i, token in enumerate(tokens) if token.type == "paragraph_open"]
            also = ALSO.match(texts[0]) if texts else None
            definition = SENTENCE.split(texts[bool(also)])[0] if len(texts) > bool(also) else ""
            yield Entry(at, term, anchors[at], also[1].split(", ") if also else [], definition)


def problems(chapter: Chapter) -> Iterator[tuple[int, str]]:
    """(line, message) of every entry that is out of order, without a short definition, or claims another's name."""
    owners: dict[str, str] = {}
    last = ""
    for entry in entries(chapter):
        if entry.term.casefold() < last.casefold():
            yield entry.line, f"move `{entry.term}` up: it comes before `{last}` in the alphabet"
        last = entry.term
        if not entry.definition:
            yield entry.line, f"write below `{entry.term}` what it is, in one sentence"
        elif len(entry.definition) > LONGEST:
            over = len(entry.definition) - LONGEST
            yield entry.line, f"shorten the first sentence on `{entry.term}` by {over} characters: it is a hover text"
        for name in (entry.term, *entry.also):
            owner = owners.setdefault(name, entry.term)
            if owner != entry.term:
                yield entry.line, f"take the name `{name}` out of one of `{owner}` and `{entry.term}`"


@cache
def listed(glossary: str) -> tuple[Entry, ...]:
    """The entries in the text of the glossary."""
    return tuple(entries(Chapter(PAGE, glossary)))


@cache
def index(glossary: str) -> dict[str, list[tuple[str, Entry]]]:
    """The names of every term, longest first, by the lower-case words that a use can start with."""
    found: dict[str, list[tuple[str, Entry]]] = {}
    for entry in listed(glossary):
        for name in (entry.term, *entry.also):
            for word in starts(name):
                found.setdefault(word, []).append((name, entry))
    for names in found.values():
        names.sort(key=lambda pair: -len(pair[0]))
    return found


def starts(name: str) -> set[str]:
    """The first word of a name, and its plurals where it has no other word."""
    first = WORD.search(name)
    if not first:
        return set()
    plurals = {first[0] + "s", first[0] + "es", first[0].removesuffix("y") + "ies"} if first[0] == name else set()
    return {word.lower() for word in {first[0]} | plurals}


@cache
def pattern(name: str) -> re.Pattern:
    """What finds a name and its plural: with capitals as it is, without any also at the start of a sentence."""
    start, rest = (f"[{name[0]}{name[0].upper()}]", name[1:]) if name.islower() else ("", name)
    stem = re.escape(rest).replace(r"\ ", r"\s+")
    if name.istitle() and " " not in name:
        ending = stem  # a proper name, such as Adam
    else:
        ending = f"{stem[:-1]}(?:y|ies)" if stem.endswith("y") else f"{stem}(?:e?s)?"
    return re.compile(rf"{start}{ending}(?![\w–-])")


class FirstUses(Treeprocessor):
    """Runs when headings have their anchors and before MkDocs makes links relative."""

    def __init__(self, md: Markdown, names: dict[str, list[tuple[str, Entry]]]) -> None:
        super().__init__(md)
        self.names = names

    def run(self, root: Element) -> None:
        self.linked: set[str] = set()
        self.here = ""  # the heading above: a section named like a term needs no link to it
        self.visit(root)

    def visit(self, parent: Element) -> None:
        """Link the first uses within an element, in the order of reading."""
        children = list(parent)
        parent.text, links = self.split(parent.text)
        parent[:] = links
        for child in children:
            if child.tag in HEADINGS:
                self.here = child.get("id", "")
            elif child.tag not in NO_LINKS and child.get("class") != "footnote":
                self.visit(child)
            child.tail, links = self.split(child.tail)
            parent.extend([child, *links])

    def split(self, text: str | None) -> tuple[str | None, list[Element]]:
        """The text up to the first link, and the links with what follows each."""
        links: list[Element] = []
        if not text or text.isspace():
            return text, links
        start, lead = 0, text
        for match, entry in self.uses(text):
            if entry.anchor == self.here or entry.anchor in self.linked:
                continue
            self.linked.add(entry.anchor)
            before = text[start : match.start()]
            if links:
                links[-1].tail = before
            else:
                lead = before
            link = Element("a", {"class": "term", "href": f"/{PAGE.relative_to(DOCS).as_posix()}#{entry.anchor}"})
            link.set("title", entry.definition)
            link.text, link.tail = match[0], text[match.end() :]
            links.append(link)
            start = match.end()
        return lead, links

    def uses(self, text: str) -> Iterator[tuple[re.Match, Entry]]:
        """Every use of a term, the longest name where several fit; what lies inside a longer name is none."""
        end = 0
        for word in WORD.finditer(text):
            if word.start() < end:
                continue
            for name, entry in self.names.get(word[0].lower(), []):
                if match := pattern(name).match(text, word.start()):
                    yield match, entry
                    end = match.end()
                    break


class GlossaryExtension(Extension):
    def extendMarkdown(self, md: Markdown) -> None:
        try:
            names = index(read(PAGE))
        except Unreadable:
            names = {}  # the checker says what is wrong with it
        md.treeprocessors.register(FirstUses(md, names), "glossary", 2)  # toc runs at 5, MkDocs at 0


def makeExtension(**options: object) -> GlossaryExtension:
    """The entry point that Python-Markdown looks for."""
    return GlossaryExtension(**options)
