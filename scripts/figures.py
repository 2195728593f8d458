"""What vouches for a figure: the numbers to know with their sources, and the figures in a text that nothing backs."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import yaml

from scripts.chapter import YAML
from scripts.units import Fault, measure, registry

NUMBERS = Path(__file__).parent.parent / "docs/reference/numbers.yml"


@dataclass(frozen=True)
class Entry:
    """One line of numbers.yml. `value` is a number with a unit; `date` is when the source was published or read."""

    name: str
    line: int
    group: str
    what: str
    value: str
    confidence: str
    date: date | None
    title: str
    url: str


class UnreadableNumbers(Fault):
    """numbers.yml cannot be read at all; `line` counts from 1."""

    def __init__(self, error: Exception) -> None:
        mark = getattr(error, "problem_mark", None)
        self.line = mark.line + 1 if mark else 1
        reason = getattr(error, "problem", None) or f"{type(error).__name__}: {error}"
        super().__init__(
            f"numbers.yml cannot be read from line {self.line} ({reason}): write it like the lines that are there"
        )


def numbers() -> dict[str, Entry]:
    """The numbers to know, by name; UnreadableNumbers if their file is not UTF-8 or not of their form."""
    try:
        return entries(NUMBERS.read_text("utf-8"))
    except UnicodeDecodeError as error:
        raise UnreadableNumbers(error) from None


@cache
def entries(text: str) -> dict[str, Entry]:
    """The numbers in the text of numbers.yml, by name; UnreadableNumbers if it is not of their form."""
    found = {}
    try:
        groups = yaml.load(text, YAML)
        sources = groups.pop("sources")
        for group, rows in groups.items():
            for name, row in rows.items():
                source = sources.get(row.get("source"), {})
                line = text[: re.search(rf"^ +{name}:", text, re.M).start()].count("\n") + 1
                day = row.get("date", source.get("date"))
                title, url = source.get("title", ""), source.get("url", "")
                what, value, confidence = row["what"], str(row["value"]), row["confidence"]
                found[name] = Entry(name, line, group, what, value, confidence, day, title, url)
    except (yaml.YAMLError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise UnreadableNumbers(error) from None
    return found


def number_problems(text: str) -> Iterator[tuple[int, str]]:
    """What is wrong with the text of numbers.yml, as (line, message)."""
    for name, entry in entries(text).items():
        if entry.confidence not in ("reported", "derived", "assumed"):
            yield entry.line, f"`{name}` is {entry.confidence}: write reported, derived or assumed"
        if not entry.url.startswith("https://") and entry.confidence != "assumed":
            yield entry.line, f"`{name}` has no source: name one under `sources:`, or call it assumed"
        if not isinstance(entry.date, date):
            yield entry.line, f"`{name}` has no date: write the day its source was published or read, as 2026-01-31"
        try:
            if not measure(entry.value):
                yield entry.line, f"`{name}` is {entry.value}: write a number with a unit, such as 100 us"
        except Fault as fault:
            yield entry.line, f"`{name}`: {fault}"


def number_warnings(text: str, today: date) -> Iterator[tuple[int, str]]:
    """The entries of numbers.yml that are older than a year, as (line, message)."""
    for name, entry in entries(text).items():
        if isinstance(entry.date, date) and entry.date < today - timedelta(days=365):
            yield entry.line, f"`{name}` is of {entry.date}: open its source again and renew value and date"


BLANKED = re.compile(r"`[^`]*`|\{\{.*?\}\}|\]\([^)]*\)")  # code, quotes and addresses have figures of their own
SENTENCE = re.compile(r"(?:[^.?!]|[.?!](?!\s|\[\^|$))+[.?!]*(?:\[\^[^\]]+\])*")


@cache
def figure() -> re.Pattern[str]:
    """A number followed by a unit of the guide, a scale or a per cent sign, or after a dollar sign."""
    units = "|".join(sorted((name for name in registry() if name.isalpha()), key=len, reverse=True))
    return re.compile(
        r"(?<![\w.,^/-])(?:\$ ?\d[\d,.]*|\d(?:[\d,.]*\d)?"
        rf"(?: ?%| ?(?:[KMBT]|thousand|million|billion|trillion)\b|[ \u00a0]?(?:{units})s?(?![\w-])))"
    )


def unaccounted(lines: Sequence[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Figures with a unit in a text, as (line, message), that are neither quoted nor in a sentence with a footnote.

    Args:
        lines: number and text of each line outside fences; an empty text ends a paragraph.
    """
    paragraphs: list[list[tuple[int, str]]] = [[]]
    for line, text in lines:
        if re.match(r"\s*($|[-*+>#|]|\d+\.\s)", text):
            paragraphs.append([])
        paragraphs[-1].append((line, BLANKED.sub("·", text)))
    for paragraph in paragraphs:
        text = "\n".join(text for _, text in paragraph)
        for sentence in SENTENCE.finditer(text):
            for found in [] if "[^" in sentence[0] else figure().finditer(sentence[0]):
                line, _ = paragraph[text.count("\n", 0, sentence.start() + found.start())]
                yield line, f"compute {found[0]} in an estimate and quote it as {{{{ name }}}}, or give it a footnote"
