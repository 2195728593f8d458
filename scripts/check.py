"""The rules a chapter keeps, and the command that reports departures as `path:line: rule: message`.

A rule is a generator function: its id is its name with hyphens, its documentation its docstring, and it yields
(line, message), where the message says what to do. What depends on the kind of page is read from the template.
"""

import argparse
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher, get_close_matches
from functools import cache
from html.parser import HTMLParser
from math import ceil
from pathlib import Path
from urllib.parse import unquote, urlsplit

from markdown.extensions.toc import slugify
from markdown_it.token import Token

from scripts import diagrams, estimate, glossary
from scripts.chapter import (
    ANY,
    ROOT,
    Chapter,
    Section,
    Unreadable,
    kinds,
    line,
    pages,
    plain,
    read,
    template,
    template_name,
)
from scripts.figures import NUMBERS, UnreadableNumbers, number_problems, number_warnings, unaccounted

Rule = Callable[[Chapter], Iterator[tuple[int, str]]]
RULES: dict[str, Rule] = {}


def rule(function: Rule) -> Rule:
    """Register a rule under its own name."""
    RULES[function.__name__.replace("_", "-")] = function
    return function


@dataclass(frozen=True, order=True)
class Finding:
    path: Path
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{shown(self.path)}:{self.line}: {self.rule}: {self.message}"

    def annotation(self) -> str:
        """The same as a workflow command of GitHub Actions, escaped as it asks."""
        message = self.message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
        file = shown(self.path).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
        return f"::error file={file},line={self.line},title={self.rule}::{message}"


def shown(path: Path) -> str:
    return (path.relative_to(ROOT) if path.is_relative_to(ROOT) else path).as_posix()


def check(path: Path, text: str | None = None) -> list[Finding]:
    """All findings of one page, in order of line; `text` stands in for the file's content."""
    try:
        text = read(path) if text is None else text
        ends = text.count("\r")
        chapter = Chapter(path, text.replace("\r\n", "\n").replace("\r", "\n"))
    except Unreadable as problem:
        return [Finding(path, problem.line, problem.rule, str(problem))]
    found = [Finding(path, at, name, message) for name, rule in RULES.items() for at, message in rule(chapter)]
    if ends:
        found.append(
            Finding(path, 1, "line-ends", f"{ends} lines end in CR; set the editor to LF and save the file again")
        )
    return sorted(set(found))


# --- The file and its front matter


@rule
def file_name(chapter: Chapter) -> Iterator[tuple[int, str]]:
    """A page's file name is lower-case words joined by hyphens, since it becomes the address."""
    slug = slugify(chapter.path.stem, "-")
    if chapter.path.name != f"{slug}.md":
        yield 1, f"rename the file to {slug or 'a-name'}.md"


def schema(chapter: Chapter) -> Chapter | None:
    """The template of this page's kind; a folder's index page has none."""
    return None if chapter.path.stem == "index" else template(chapter.kind)


@rule
def front_matter_keys(chapter: Chapter) -> Iterator[tuple[int, str]]:
    """The front matter has the keys of the template, and no others."""
    wanted = schema(chapter)
    if not wanted:
        return
    for key in wanted.meta.keys() - chapter.meta.keys():
        yield 1, f"add `{key}:` to the front matter, as in {template_name(chapter.path)}"
    for key in chapter.meta.keys() - wanted.meta.keys():
        near = get_close_matches(str(key), wanted.meta, 1)
        yield (
            chapter.meta_lines[str(key)],
            f"`{key}` is no key of this kind of page; " + (f"did you mean `{near[0]}`?" if near else "take it out"),
        )


@rule
def front_matter_values(chapter: Chapter) -> Iterator[tuple[int, str]]:
    """A value is of the template's kind: a text, one of a closed set, a list of texts, or named texts."""
    wanted = schema(chapter)
    for key in chapter.meta.keys() & (wanted.meta.keys() if wanted else set()):
        for problem in unfit(key, chapter.meta[key], wanted.meta[key]):  # type: ignore[union-attr]
            yield chapter.meta_lines[key], problem


def unfit(key: str, value: object, model: object) -> Iterator[str]:
    """What is wrong with one value of the front matter, measured by the template's."""
    if isinstance(model, dict):
        have = value if isinstance(value, dict) else {}
        for inner in model:
            yield from unfit(f"{key}: {inner}", have.get(inner), model[inner])
        for inner in have.keys() - model.keys():
            yield f"`{key}: {inner}` is not in the template; take it out"
    elif isinstance(model, list):
        if not (isinstance(value, list) and value and all(isinstance(v, str) and v.strip() for v in value)):
            yield f"write `{key}` as a list of texts: [one, two]"
        elif "TODO" in value:
            yield f"fill in `{key}`"
    elif not isinstance(value, str) or value.strip() in ("", "TODO"):
        yield f"fill in `{key}` with a text"
    elif " | " in str(model) and value not in (choices := str(model).split(" | ")):
        near = get_close_matches(value, choices, 1)
        yield f"`{key}` is one of: {', '.join(choices)}" + (f"; did you mean {near[0]}?" if near else "")
    elif key == "description" and len(value) > 160:
        yield f"shorten `description` to 160 characters, it has {len(value)}; search engines cut the rest"


@rule
def title(chapter: Chapter) -> Iterator[tuple[int, str]]:
    """A page has one `#` heading, and it is the title of the front matter."""
    ones = [heading for heading in chapter.headings if heading.level == 1]
    if not ones:
        yield 1, "write the title as a `# ` heading under the front matter"
    for extra in ones[1:]:
        yield extra.line, "a page has one `# ` heading; make this `## `"
    if ones and "title" in chapter.meta and ones[0].title != chapter.meta["title"]:
        yield ones[0].line, f"make the heading and `title: {chapter.meta['title']}` in the front matter the same"


# --- Structure, as the template has it


def pairs(chapter: Chapter) -> Iterator[tuple[Section, Section]]:
    """Each section of the template with the chapter's section of that title, where there is one.

    The template's `## …` is paired with all of the author's own sections taken as one.
    """
    wanted = schema(chapter)
    titles = {section.title for section in wanted.sections} if wanted else set()
    for model in wanted.sections if wanted else []:
        same = [s for s in chapter.sections if s.title == model.title or (model.title == ANY and s.title not in titles)]
        if same:
            yield model, Section(model.title, same[0].line, [token for s in same for token in s.tokens])


@rule
def section_missing(chapter: Chapter) -> Iterator[tuple[int, str]]:
    """Every section of the template is there, and so is every fixed heading within it."""
    wanted = schema(chapter)
    have = {section.title for section in chapter.sections}
    for section in wanted.sections if wanted else []:
        if section.title not in have | {ANY} and not section.optional:
            yield len(chapter.text.splitlines()), f"add the section `## {section.title}`: {section.guidance}"
    for model, section in pairs(chapter):
        inner = [name for _, name, _ in section.headings(3)]
        for _, name, _ in model.headings(3):
            if name not in ("TODO", *inner):
                yield section.line, f"add the heading `### {name}` to this section, as in the template"


@rule
def section_unknown(chapter: Chapter) -> Iterator[tuple[int, str]]:
    """No section that the template does not have, but where it says `## …`."""
    wanted = schema(chapter)
    if not wanted:
        return
    titles = [section.title for section in wanted.sections]
    free_after = titles[: titles.index(ANY)][-1:] or [None] if ANY in titles else []
    last: str | None = None
    for section in chapter.sections:
        if section.title in titles:
            last = section.title
        elif [last] != free_after:
            near = get_close_matches(section.title, titles, 1, 0.5)
            yield (
                section.line,
                f"`{section.title}` is no section here; "
                + (f"did you mean `{near[0]}`?" if near else "make it a `### ` heading of one that is"),
            )
    for model, section in pairs(chapter):
        fixed = [name for _, name, _ in model.headings(3)]
        if fixed and "TODO" not in fixed:
            for at, name, _ in section.headings(3):
                if name not in fixed:
                    yield at, f"`{name}` stands where only these do: {', '.join(fixed)}"


@rule
def section_order(chapter: Chapter) -> Iterator[tuple[int, str]]:
    """Sections stand in the template's order."""
    wanted = schema(chapter)
    order = [section.title for section in wanted.sections] if wanted else []
    first = {section.title: section for section in reversed(chapter.sections)}
    have = sorted((first[title] for title in order if title in first), key=lambda section: section.line)
    kept = SequenceMatcher(None, [title for title in order if title in first], [s.title for s in have], False)
    placed = {i for block in kept.get_matching_blocks() for i in range(block.b, block.b + block.size)}
    for i, section in enumerate(have):
        if i not in placed:
            before = [t for t in order[: order.index(section.title)] if t != ANY]
            where = f"after `{before[-1]}`" if before else "first"
            yield section.line, f"move this section {where}, as in {template_name(chapter.path)}"


@rule
def section_repeated(chapter: Chapter) -> Iterator[tuple[int, str]]:
    """No two sections have one title."""
    seen: dict[str, int] = {}
    for section in chapter.sections:
        if section.title in seen:
            yield section.line, f"`{section.title}` stands already at line {seen[section.title]}; join the two"
        seen.setdefault(section.title, section.line)


@rule
def section_empty(chapter: Chapter) -> Iterator[tuple[int, str]]:
    """No section is only a heading."""
    for section in chapter.sections:
        if not any(
            token.type in ("fence", "inline") and not heading for token, heading in with_heading(section.tokens)
        ):
            yield section.line, f"write the section `{section.title}`, or take its heading out"


def with_heading(tokens: Iterable[Token]) -> Iterator[tuple[Token, bool]]:
    """Each token, and whether it is the text of a heading."""
    heading = False
    for token in tokens:
        yield token, heading
        heading = token.type == "heading_open"


COUNTS: dict[str, Callable[[Section], int]] = {
    "diagram": lambda section: len(section.fences("mermaid")),
    "estimate": lambda section: len(section.fences("estimate")),
    "program": lambda section: len(section.fences("python")),
    "table": lambda section: len(section.tables),
    "row": lambda section: max((len(table.rows) for table in section.tables), default=0),
    "question": lambda section: len(section.headings(3)),
    "follow-up": lambda section: len(section.headings(4)),
    "reference": lambda section: sum(token.type == "footnote_reference_open" for token in section.tokens),
    "link": lambda section: sum(
        ".md" in str(child.attrs.get("href", "")) for token in section.tokens for child in token.children or []
    ),
}


@rule
def too_few(chapter: Chapter) -> Iterator[tuple[int, str]]:
    """A section holds as many diagrams, questions, references and so on as its template asks for."""
    for model, section in pairs(chapter):
        for least, thing in model.demands:
            have = COUNTS[thing](section)
            if have < least:
                yield section.line, f"this section needs at least {least} of: {thing}; it has {have}. {model.guidance}"


@rule
def table(chapter: Chapter) -> Iterator[tuple[int, str]]:
    """The tables of the template stand in the chapter, with its columns and its named rows."""
    for model, section in pairs(chapter):
        for wanted in model.tables:
            have = next((t for t in section.tables if t.columns == wanted.columns), None)
            if not have:
                yield section.line, f"add a table with the columns: {' | '.join(wanted.columns)}"
                continue
            names = [row[0] for row in have.rows]
            for row in wanted.rows:
                if row[0] not in (ANY, *names):
                    yield have.line, f"add the row `{row[0]}` to this table"


@rule
def placeholder(chapter: Chapter) -> Iterator[tuple[int, str]]:
    """Nothing of the template's own is left: no TODO, no comment of guidance, no cell of only …"""
    wanted = schema(chapter)
    comments = {token.content.strip() for token in wanted.tokens if token.type == "html_block"} if wanted else set()
    for token in chapter.tokens:
        if token.type == "html_block" and token.content.strip() in comments:
            yield line(token), "take the template's comment out once the section is written"
        elif token.type == "inline" and token.content.strip() == ANY:
            yield line(token), "fill in this cell"
        elif token.type == "fence" and "TODO" in token.content:
            yield line(token) + 1, "write what TODO stands for"
    for at, token in chapter.inlines():
        if token.type == "text" and re.search(r"\bTODO\b", token.content):
            yield at, "write what TODO stands for"


@rule
def heading_level(chapter: Chapter) -> Iterator[tuple[int, str]]:
    """Headings go down one level at a time, for those who move by them."""
    last = 1
    for heading in chapter.headings:
        if heading.level > last + 1:
            yield heading.line, f"make this `{'#' * (last + 1)} `: the heading above has {last}"
        last = heading.level


# --- Links, images, references


@cache
def anchors(path: Path) -> list[str]:
    try:
        return [heading.anchor for heading in Chapter(path).headings]
    except Unreadable:
        return []


def targets(chapter: Chapter) -> Iterator[tuple[int, str]]:
    """Line and address of every link and image that stays inside the site."""
    for at, token in chapter.inlines():
        address = str(token.attrs.get("href") or token.attrs.get("src") or "")
        if token.type in ("link_open", "image") and address and not urlsplit(address).scheme:
            yield at, unquote(address)


@rule
def link_file(chapter: Chapter) -> Iterator[tuple[int, str]]:
    """A link inside the site names a file that is there, by its path from this page."""
    for at, address in targets(chapter):
        name = address.partition("#")[0]
        if not name or (chapter.path.parent / name).is_file():
            continue
        files = {os.path.relpath(path, chapter.path.parent).replace(os.sep, "/") for path in pages()}
        near = get_close_matches(name, files, 1, 0.4)
        yield at, f"there is no {name}; " + (f"did you mean {near[0]}?" if near else "link to a .md file by its path")


@rule
def link_anchor(chapter: Chapter) -> Iterator[tuple[int, str]]:
    """A link to a heading names one that is there."""
    for at, address in targets(chapter):
        name, _, anchor = address.partition("#")
        path = (chapter.path.parent / name).resolve() if name else chapter.path
        if not anchor or path.suffix != ".md" or (name and not path.is_file()):
            continue
        known = anchors(path) if name else [heading.anchor for heading in chapter.headings]
        if anchor not in known:
            near = get_close_matches(anchor, known, 1, 0.3)
            yield at, f"no heading has the anchor #{anchor}" + (f"; did you mean #{near[0]}?" if near else "")


@rule
def link_undefined(chapter: Chapter) -> Iterator[tuple[int, str]]:
    """A link by reference has its definition."""
    for at, token in chapter.inlines():
        for match in re.finditer(r"\[[^\]^]+\]\[([^\]]*)\]", token.content if token.type == "text" else ""):
            yield at, f"define this reference with a line `[{match[1] or '…'}]: address`, or write the link out"


@rule
def image_text(chapter: Chapter) -> Iterator[tuple[int, str]]:
    """An image has a text for those who cannot see it."""
    for at, token in chapter.inlines():
        if token.type == "image" and not token.content.strip():
            yield at, "say in the brackets what the image shows: ![…](…)"


@rule
def footnote_undefined(chapter: Chapter) -> Iterator[tuple[int, str]]:
    """A footnote that the text names has its definition."""
    known = chapter.footnotes()
    for at, token in chapter.inlines():
        for label in re.findall(r"\[\^([^\]\s]+)\]", token.content if token.type == "text" else ""):
            near = get_close_matches(label, known, 1)
            yield at, f"define `[^{label}]: …` under References" + (f", or did you mean [^{near[0]}]?" if near else "")


@rule
def footnote_unused(chapter: Chapter) -> Iterator[tuple[int, str]]:
    """A reference is cited by the text."""
    used = {token.meta["label"] for _, token in chapter.inlines() if token.type == "footnote_ref"}
    for label, (at, _) in chapter.footnotes().items():
        if label not in used:
            yield at, f"cite it where it is used, as [^{label}], or take it out"


@rule
def footnote_source(chapter: Chapter) -> Iterator[tuple[int, str]]:
    """A reference has a link and a year, so that a reader can open it and judge its age."""
    for label, (at, tokens) in chapter.footnotes().items():
        if not any(token.type == "link_open" for token in tokens):
            yield at, f"link the title in [^{label}]: [Title](https://…)"
        elif not re.search(r"\b(19|20)\d\d\b", "".join(token.content for token in tokens)):
            yield at, f"give the year in [^{label}]"


class Html(HTMLParser):
    """Collects what could run code or load something in a piece of raw HTML, as (line from 0, message)."""

    FORBIDDEN = ("script", "style", "iframe", "object", "embed", "link", "meta", "base", "form")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[int, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        at = self.getpos()[0] - 1
        if tag in self.FORBIDDEN:
            self.found.append((at, f"take <{tag}> out; pages are Markdown"))
        for name, value in attrs:
            if name.startswith("on"):
                self.found.append((at, f"take the event attribute {name} out"))
            elif re.match(r"\s*(javascript|vbscript|data):", value or "", re.I):
                self.found.append((at, f"take the address out of {name}: it could run code"))


@rule
def raw_html(chapter: Chapter) -> Iterator[tuple[int, str]]:
    """No raw HTML, link or attribute list that could run code or load something."""
    blocks = [(line(token), token.content) for token in chapter.tokens if token.type == "html_block"]
    inline = [(at, token.content) for at, token in chapter.inlines() if token.type == "html_inline"]
    for at, text in blocks + inline:
        for offset, message in Html(text).found:
            yield at + offset, message
    for at, token in chapter.inlines():
        if token.type == "text" and re.search(
            r"\]\(\s*<?\s*(javascript|vbscript|data):|\{[^}]*\bon\w+\s*=", token.content, re.I
        ):
            yield at, "take this address or attribute out: it could run code"


# --- Diagrams and estimates


@rule
def diagram(chapter: Chapter) -> Iterator[tuple[int, str]]:
    """A diagram parses, has a title and a description, leaves colours to the site, and fits the page."""
    for token in chapter.tokens:
        if token.type == "fence" and token.info.split()[:1] == ["mermaid"]:
            for at, message in diagrams.problems(token.content):
                yield line(token) + at, message


@rule
def estimates(chapter: Chapter) -> Iterator[tuple[int, str]]:
    """Every line of an estimate is computed, its units add up, and what the text quotes is there."""
    blocks = [
        (line(token) + 1, token.content)
        for token in chapter.tokens
        if token.type == "fence" and token.info.split()[:1] == ["estimate"]
    ]
    quotes = []
    for at, token in chapter.inlines():
        if token.type == "text" and "{{" in token.content:
            quotes += [(at, match[1]) for match in estimate.QUOTE.finditer(token.content)]
            if "{{" in estimate.QUOTE.sub("", token.content):
                yield at, r"quote a result as {{ name }} or {{ name | unit }}; in a table write \| for |"
    yield from estimate.problems(blocks, quotes)


@rule
def figures(chapter: Chapter) -> Iterator[tuple[int, str]]:
    """In a section whose template asks for an estimate, every figure with a unit is computed, quoted or footnoted."""
    text = chapter.text.splitlines()
    for model, section in pairs(chapter):
        if model.title != ANY and any(thing == "estimate" for _, thing in model.demands):
            fenced = {at for token in section.tokens if token.type == "fence" for at in range(*token.map)}
            end = max((token.map[1] for token in section.tokens if token.map), default=section.line)
            yield from unaccounted([(at + 1, text[at]) for at in range(section.line, end) if at not in fenced])


# --- Practice: questions and follow-ups


def asked(chapter: Chapter, thing: str, level: int) -> Iterator[tuple[int, str, list[Token]]]:
    """Line, title and content of each question or follow-up, from the sections whose template asks for them."""
    for model, section in pairs(chapter):
        if any(noun == thing for _, noun in model.demands):
            yield from section.headings(level)


def items(tokens: list[Token]) -> list[list[Token]]:
    """The inline tokens of each item of the first list at the top level."""
    found: list[list[Token]] = []
    for token in tokens:
        if token.type == "bullet_list_close" and token.level == 0:
            break
        if token.type == "list_item_open" and token.level == 1:
            found.append([])
        elif token.type == "inline" and found:
            found[-1].append(token)
    return found


def options(tokens: list[Token]) -> list[tuple[str, bool]]:
    """Text of each option of a question, and whether it is marked right."""
    boxes = [re.match(r"\[([ xX])\]\s+(.*)", plain(item[0])) for item in items(tokens) if item]
    return [(box[2], box[1] != " ") for box in boxes if box]


@rule
def question(chapter: Chapter) -> Iterator[tuple[int, str]]:
    """A question has four options, each with its reason, and one of them is right."""
    for at, _, tokens in asked(chapter, "question", 3):
        have = options(tokens)
        if len(have) != 4 or len(items(tokens)) != 4:
            yield at, f"give four options, each a line `- [ ] …`; this has {len(have)}"
        elif (right := sum(correct for _, correct in have)) != 1:
            yield at, f"mark one option right with `- [x]`; this has {right}"
        for item in items(tokens):
            if len(item) == 1:
                yield line(item[0]), "give the reason this is right or tempting: an indented paragraph under it"


@rule
def question_balance(chapter: Chapter) -> Iterator[tuple[int, str]]:
    """Over a chapter the right answer is no more often in one place, the longest or the shortest than by chance."""
    questions = [(at, options(tokens)) for at, _, tokens in asked(chapter, "question", 3)]
    questions = [(at, q) for at, q in questions if len(q) == 4 and sum(right for _, right in q) == 1]
    most = max(2, ceil(len(questions) / 3))
    tally: Counter[str] = Counter()
    for _, q in questions:
        place = next(i for i, (_, right) in enumerate(q) if right)
        lengths = [len(text) for text, _ in q]
        tally[f"option {place + 1}"] += 1
        tally["the longest option"] += lengths.count(max(lengths)) == 1 and lengths[place] == max(lengths)
        tally["the shortest option"] += lengths.count(min(lengths)) == 1 and lengths[place] == min(lengths)
    for what, times in tally.items():
        if times > most:
            message = (
                f"the right answer is {what} in {times} of {len(questions)} questions; bring it to {most} or fewer"
            )
            yield questions[0][0], message


@rule
def follow_up(chapter: Chapter) -> Iterator[tuple[int, str]]:
    """A follow-up is answered at the levels of the template, in its order, and each of its headings has one."""
    for model, section in pairs(chapter):
        if not any(noun == "follow-up" for _, noun in model.demands):
            continue
        tiers = {name: levels(tokens) for _, name, tokens in model.headings(3)}
        known = max(tiers.values(), key=len)
        for at, tier, tokens in section.headings(3):
            if tier not in tiers:
                continue  # section-unknown says so
            followed = Section(tier, at, tokens).headings(4)
            if not followed:
                yield at, f"ask at least one follow-up under `{tier}`, as a `#### ` heading"
            for at_, _, answer in followed:
                if levels(answer) not in (tiers[tier], known):
                    wanted = " ".join(f"**{level}**" for level in tiers[tier])
                    yield at_, f"answer with a list whose items open, in this order, with: {wanted}"


def levels(tokens: list[Token]) -> list[str]:
    """The bold words that open each item of the answer to a follow-up."""
    opened = [(item[0].children or [])[:3] for item in items(tokens) if item]
    return [c[-1].content if len(c) == 3 and c[-2].type == "strong_open" else "" for c in opened]


@rule
def glossary_entry(chapter: Chapter) -> Iterator[tuple[int, str]]:
    """The glossary's terms are in order, each defined in one short sentence, and no name belongs to two of them."""
    if chapter.path == glossary.PAGE:
        yield from glossary.problems(chapter)


# --- Markdown that the site reads otherwise than GitHub


@rule
def blank_line(chapter: Chapter) -> Iterator[tuple[int, str]]:
    """A list or a table has an empty line before it: without one the site takes it for text."""
    above = chapter.text.splitlines()
    for token in chapter.tokens:
        if token.type in ("bullet_list_open", "ordered_list_open", "table_open") and token.level == 0:
            at = line(token)
            if at > 1 and above[at - 2].strip():
                yield at, "put an empty line above this list or table"


@rule
def indentation(chapter: Chapter) -> Iterator[tuple[int, str]]:
    """What belongs to a list item is indented by four spaces: with fewer the site ends the list."""
    text = chapter.text.splitlines()
    inside = 0
    for token in chapter.tokens:
        inside += (token.type == "list_item_open") - (token.type == "list_item_close")
        if inside and token.map and token.type not in ("inline", "list_item_open", "tr_open", "td_open", "th_open"):
            raw = text[token.map[0]]
            if (len(raw) - len(raw.lstrip(" "))) % 4:
                yield line(token), "indent this by four spaces for each list it stands in"


# --- The command


def check_numbers(text: str, today: date) -> tuple[list[Finding], list[Finding]]:
    """What is wrong in the text of numbers.yml, and what has grown old there."""
    try:
        wrong = [Finding(NUMBERS, at, "number", message) for at, message in number_problems(text)]
        return wrong, [Finding(NUMBERS, at, "number-age", message) for at, message in number_warnings(text, today)]
    except UnreadableNumbers as fault:
        return [Finding(NUMBERS, fault.line, "number", str(fault))], []


def main(arguments: list[str] | None = None) -> int:
    """Check the files named, or every page and the numbers. Returns 0, or 1 with findings or nothing to check."""
    parser = argparse.ArgumentParser(prog="dev.py check", description="Check chapters: path:line: rule: message.")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="Markdown files; all pages when left out")
    parser.add_argument("--rules", action="store_true", help="list the rules and what each asks")
    chosen = parser.parse_args(arguments)
    if chosen.rules:
        for name, function in RULES.items():
            print(f"{name}: {(function.__doc__ or '').strip()}")
        return 0
    files = [path.resolve() for path in chosen.files] or pages()
    found = [finding for path in files for finding in check(path)]
    if not chosen.files:
        try:
            wrong, old = check_numbers(read(NUMBERS), date.today())
        except Unreadable as problem:
            wrong, old = [Finding(NUMBERS, problem.line, problem.rule, str(problem))], []
        found += wrong
        for warning in old:
            print(f"{warning} (a warning)")
    for finding in found:
        print(finding)
        if os.environ.get("GITHUB_ACTIONS") == "true":
            print(finding.annotation())
    chapters = [path for path in files if path.parent.name in kinds() and path.stem != "index"]
    if not chosen.files and not chapters:
        print(f"docs: no chapters found; add one with: python3 scripts/dev.py new {kinds()[0]} a-name")
        return 1
    print(f"{len(files)} pages checked, {len(found)} findings")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
