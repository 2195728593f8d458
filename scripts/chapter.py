"""A chapter as the checker sees it: front matter, sections, and Markdown tokens that know their lines.

The template of a kind (`docs/templates/<kind>.md`) is read by the same parser; what it holds, a chapter must hold.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

import yaml
from markdown.extensions.toc import slugify, unique
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.front_matter import front_matter_plugin

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
TEMPLATES = DOCS / "templates"

PARSER = MarkdownIt("commonmark").enable("table").use(front_matter_plugin)
PARSER.use(footnote_plugin, inline=False).core.ruler.disable("footnote_tail")  # definitions stay where they stand

YAML = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # where C is there, five times as fast

ANY = "…"  # in a template: a heading of the author's own, or a cell that the author fills


class Unreadable(Exception):
    """A file that is no chapter at all. `line` counts from 1; `rule` and the message are reported as a finding."""

    def __init__(self, line: int, rule: str, message: str) -> None:
        super().__init__(message)
        self.line, self.rule = line, rule


@dataclass
class Table:
    """A table: the first line it stands on, its header row and its rows, as the texts of their cells."""

    line: int
    columns: list[str]
    rows: list[list[str]]


@dataclass
class Heading:
    level: int
    title: str
    line: int
    anchor: str


@dataclass
class Section:
    """What stands under one `##` heading, up to the next; `tokens` leaves the heading itself out."""

    title: str
    line: int
    tokens: list[Token] = field(default_factory=list)

    def fences(self, language: str) -> list[Token]:
        return [token for token in self.tokens if token.type == "fence" and token.info.split()[:1] == [language]]

    def headings(self, level: int) -> list[tuple[int, str, list[Token]]]:
        """Line, title and following tokens, to the next heading of this level or above, of each such heading."""
        found: list[tuple[int, str, list[Token]]] = []
        open_ = False
        for i, token in enumerate(self.tokens):
            if token.type == "heading_open" and int(token.tag[1]) <= level:
                open_ = int(token.tag[1]) == level
                if open_:
                    found.append((line(token), plain(self.tokens[i + 1]), []))
            elif open_:
                found[-1][2].append(token)
        return found

    @cached_property
    def tables(self) -> list[Table]:
        found: list[Table] = []
        for i, token in enumerate(self.tokens):
            if token.type == "table_open":
                found.append(Table(line(token), [], []))
            elif token.type == "tr_open" and self.tokens[i + 1].type == "td_open":
                found[-1].rows.append([])
            elif token.type == "th_open":
                found[-1].columns.append(plain(self.tokens[i + 1]))
            elif token.type == "td_open":
                found[-1].rows[-1].append(plain(self.tokens[i + 1]))
        return found

    @property
    def guidance(self) -> str:
        """The comment that opens a section of a template."""
        comment = next((token.content for token in self.tokens if token.type == "html_block"), "")
        return comment.strip().removeprefix("<!--").removesuffix("-->").strip()

    @property
    def optional(self) -> bool:
        return self.guidance.startswith("Optional.")

    @property
    def demands(self) -> list[tuple[int, str]]:
        """The sentences "At least N things" of a template's guidance, as (N, "thing")."""
        return [(int(n), noun.removesuffix("s")) for n, noun in re.findall(r"At least (\d+) ([\w-]+)", self.guidance)]


class Chapter:
    """One Markdown file.

    Raises:
        Unreadable: the file is not UTF-8, is empty, or its front matter is missing or is not YAML.
    """

    def __init__(self, path: Path, text: str | None = None) -> None:
        self.path = path
        self.text = read(path) if text is None else text
        if not self.text.strip():
            raise Unreadable(1, "empty-file", f"write the chapter, or copy {template_name(path)} into it")
        self.env: dict = {}
        self.tokens = PARSER.parse(self.text, self.env)
        self.meta, self.meta_lines = self._front_matter()

    @property
    def kind(self) -> str:
        """The folder, which decides the template."""
        return self.path.parent.name

    def _front_matter(self) -> tuple[dict, dict[str, int]]:
        first = self.tokens[0] if self.tokens else None
        if first is None or first.type != "front_matter":
            raise Unreadable(
                1, "front-matter", f"start the file with the lines between --- of {template_name(self.path)}"
            )
        try:
            loader = YAML(first.content)
            node = loader.get_single_node()
            meta = loader.construct_document(node) if node else None
        except (yaml.YAMLError, ValueError) as error:  # ValueError: an impossible date
            mark = getattr(error, "problem_mark", None)
            problem = getattr(error, "problem", None) or str(error)
            at = mark.line + 2 if mark else 1
            raise Unreadable(
                at, "front-matter", f"this is not YAML ({problem}); quote values that hold a colon"
            ) from None
        if not isinstance(meta, dict):
            raise Unreadable(1, "front-matter", "write the front matter as lines of `key: value`")
        return meta, {str(key.value): key.start_mark.line + 2 for key, _ in node.value}

    @cached_property
    def headings(self) -> list[Heading]:
        """Every heading, with the anchor that the site will give it."""
        used: set[str] = set()
        found = []
        for i, token in enumerate(self.tokens):
            if token.type == "heading_open":
                title = plain(self.tokens[i + 1])
                anchor = unique(slugify(title, "-"), used)
                found.append(Heading(int(token.tag[1]), title, line(token), anchor))
        return found

    @cached_property
    def sections(self) -> list[Section]:
        found: list[Section] = []
        skip = 0
        for i, token in enumerate(self.tokens):
            if token.type == "heading_open" and token.level == 0 and token.tag in ("h1", "h2"):
                found.append(Section(plain(self.tokens[i + 1]) if token.tag == "h2" else "", line(token)))
                skip = 3
            if skip:
                skip -= 1
            elif found:
                found[-1].tokens.append(token)
        return [section for section in found if section.title]

    def inlines(self) -> Iterator[tuple[int, Token]]:
        """Every inline token (text, link_open, image, …) with the line it stands on."""
        for token in self.tokens:
            if token.type == "inline":
                at = line(token)
                for child in token.children or []:
                    yield at, child
                    at += child.type in ("softbreak", "hardbreak") or child.content.count("\n")

    def footnotes(self) -> dict[str, tuple[int, list[Token]]]:
        """Line and content of each footnote definition, by label."""
        found: dict[str, tuple[int, list[Token]]] = {}
        label = None
        for token in self.tokens:
            if token.type == "footnote_reference_open":
                label = token.meta["label"]
                found[label] = (line(token), [])
            elif token.type == "footnote_reference_close":
                label = None
            elif label:
                found[label][1].extend(token.children or [])
        return found


def read(path: Path) -> str:
    """The file's text, line ends as they are.

    Raises:
        Unreadable: it cannot be opened or is not UTF-8.
    """
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise Unreadable(1, "unreadable", f"cannot open it ({error.strerror}); check the path") from None
    except UnicodeDecodeError as error:
        at = path.read_bytes()[: error.start].count(b"\n") + 1
        raise Unreadable(at, "encoding", "this is not UTF-8; save the file as UTF-8 in your editor") from None


def line(token: Token) -> int:
    """The line a block token starts on, from 1."""
    return (token.map or [0])[0] + 1


def plain(inline: Token) -> str:
    """The text of an inline token without its markup."""
    return "".join(child.content or " " * (child.type == "softbreak") for child in inline.children or [])


def template_name(path: Path) -> str:
    return f"docs/templates/{path.parent.name}.md"


@cache
def template(kind: str) -> Chapter | None:
    """The schema of a kind, or None for a folder that has none."""
    path = TEMPLATES / f"{kind}.md"
    return Chapter(path) if path.is_file() else None


def kinds() -> list[str]:
    return sorted(path.stem for path in TEMPLATES.glob("*.md"))


def pages() -> list[Path]:
    """Every Markdown page of the site, in order of path."""
    return sorted(
        path for path in DOCS.rglob("*.md") if not {"templates", "assets"} & set(path.relative_to(DOCS).parts)
    )
