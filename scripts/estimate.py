"""Markdown extension: `estimate` fences that compute themselves, `{{ quotes }}` of their results, `numbers` tables.

All blocks and quotes of a page share one namespace; a quote may precede its block. The units of a line are checked
once; then it is a postfix program over values in base units (second, byte, FLOP, dollar, metre, one of each thing
counted), which `run` executes here and docs/assets/javascripts/estimate.js in the page.
"""

import ast
import difflib
import math
import operator
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Context
from functools import cache, partial
from html import escape
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import yaml
from markdown import Extension, Markdown
from markdown.inlinepatterns import InlineProcessor
from markdown.postprocessors import Postprocessor
from markdown.preprocessors import Preprocessor
from markdown.treeprocessors import Treeprocessor
from markdown.util import AtomicString

try:  # MkDocs reports a BuildError with the page's name and without a traceback
    from mkdocs.exceptions import BuildError
except ImportError:
    BuildError = Exception  # type: ignore[assignment, misc]

NUMBERS = Path(__file__).parent.parent / "docs/reference/numbers.yml"

# --- Units -------------------------------------------------------------------------------------------------------

COUNTED = """account action ad advertiser annotation annotator arm batch bin booking box bucket call campaign
candidate cell centroid character chargeback chunk click cluster comment conversion core CPU creative customer decision
dimension disk document driver edge entity entry epoch event example face feature file follower frame friend GPU group
guest head host image impression index invite item job key keyword label layer leaf like list listing machine member
message model moderator neighbour node notification object operation order page parameter partition payment person photo
pixel position post product purchase query read record region replica request result reviewer row sample segment seller
server session shard share slot song step table text thread tile token transaction update user value vector video view
viewer visit weight word worker write""".split()
IRREGULAR = {"person": "people", "leaf": "leaves"}
MEASURES = """second = [time] = s = sec
ns = 1e-9 second; us = 1e-6 second = _ = µs; ms = 1e-3 second; min = 60 second = _ = minute; hour = 3600 second = _ = h
day = 24 hour; week = 7 day; month = 730 hour; year = 365 day
byte = [data]; bit = 0.125 byte; Mbit = 1.25e5 byte; Gbit = 1.25e8 byte
FLOP = [computation]
dollar = [money] = _ = USD
metre = [length]; km = 1000 metre"""
SHOWN = {"second": "s", "us": "µs"}  # every other unit is shown as it is defined
SPELLED = ("hour", "day", "week", "month", "year", "byte", "bit")  # take a plural, like what is counted
POWERS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
WORD = r"[A-Za-zµ]+(?:\*\*\d)?"
UNIT = rf"(?:1/)?{WORD}(?:(?: ?[*/] ?| ){WORD})*|%|"


class Fault(Exception):
    """What is wrong with one line, and the act that mends it; empty when another line's fault is the cause."""


@dataclass(frozen=True)
class Unit:
    """A unit as written: factor to base units, dimension, its singular and plural form (`#` is the number)."""

    factor: float
    base: Any
    one: str
    many: str
    scaled: bool  # whether large numbers are shown with K, M, B, T

    def form(self, number: str) -> str:
        """A written number with this unit; no space in it breaks a line."""
        return (self.one if number == "1" else self.many).replace("#", number).replace(" ", "\u00a0")


@cache
def registry() -> Any:
    """The guide's own units in pint; without pint's thousand physical ones it is made in 15 ms."""
    import pint  # 0.3 s, paid by the first page that has an estimate

    lines = re.split(r"[;\n] *", MEASURES)
    lines += [f"{word} = [{word}] = _ = {plural(word)} = {word.lower()}" for word in COUNTED]
    for power, prefix in enumerate(["k", *"MGTPEZ"], 1):
        lines += [f"{prefix}B = 1e{3 * power} byte", f"{prefix.upper()}iB = {1024**power} byte"]
        lines += [f"{prefix}FLOP = 1e{3 * power} FLOP"]
    return pint.UnitRegistry([*lines, "@alias kB = KB"])


def plural(word: str) -> str:
    if re.search(r"[^aeiou]y$", word):
        return word[:-1] + "ies"
    return IRREGULAR.get(word, word + ("es" if re.search(r"(s|x|ch|sh)$", word) else "s"))


@cache
def unit(text: str) -> Unit:
    """The unit written as `request/user/day`, `GPU*hour`, `1/s`, `%`, `dimensionless` or nothing.

    Raises:
        Fault: it is not a unit, or has a name that the guide does not know.
    """
    ureg = registry()
    if text in ("", "%", "dimensionless"):
        form = "#%" if text == "%" else "#"
        return Unit(0.01 if text == "%" else 1.0, ureg.Unit(""), form, form, text != "%")
    if not re.fullmatch(UNIT, text):
        raise Fault(f"`{text}` is not a unit: write names joined by * and /, such as request/user/day")
    above, below = [], []
    for sign, word, power in re.findall(r"([*/ ]*)([A-Za-zµ]+|1(?=/))(?:\*\*(\d))?", text):
        if word != "1" and word not in ureg:
            raise Fault(f"there is no unit `{word}`{nearest(word, list(ureg)) or ': see COUNTED in scripts/estimate.py'}")
        name = word if word == "1" else ureg.get_name(word)
        (below if "/" in sign else above).append(SHOWN.get(name, name) + power.translate(POWERS))
    size = ureg.Quantity(1.0, text).to_base_units()
    *first, last = above
    under = "".join(f"/{word}" for word in below)
    if above == ["1"]:
        one = many = f"# per {under[1:]}"
    elif above == ["dollar"]:
        one = many = f"$#{under}"
    else:
        one = f"# {' '.join(above)}{under}"
        many = f"# {' '.join([*first, plural(last) if last in (*COUNTED, *SPELLED) else last])}{under}"
    return Unit(size.magnitude, size.units, one, many, above[0] in (*COUNTED, "dollar"))


def spell(base: Any) -> str:
    return "a plain number" if base.dimensionless else f"{base:C}"


def amount(value: float, digits: int | None = None, scaled: bool = False) -> str:
    """A number for readers, in 3 significant digits (whole numbers under 10,000 in full) or as many as asked."""
    if value == 0:
        return "0"

    def significant(count: int) -> tuple[str, int]:
        rounded = Context(prec=count, rounding=ROUND_HALF_UP).create_decimal(abs(value))
        return "".join(map(str, rounded.as_tuple().digits)).rstrip("0"), rounded.adjusted()

    if digits is None:
        shown, power = significant(12)
        digits = 12 if len(shown) <= power + 1 <= 4 else 3
    shown, power = significant(digits)
    sign, suffix = "−" * (value < 0), ""
    if not -6 <= power < 15:
        return f"{sign}{shown[0]}{'.' * (len(shown) > 1)}{shown[1:]} × 10{str(power).translate(POWERS)}"
    if scaled and power >= max(4, digits):
        suffix, power = "\u00a0" + " KMBT"[power // 3], power % 3
    shown = "0" * -power + shown.ljust(power + 1, "0")
    power = max(power, 0)
    return f"{sign}{int(shown[: power + 1]):,}{'.' * (len(shown) > power + 1)}{shown[power + 1 :]}{suffix}"


def written(value: float, shown: Unit, digits: int | None = None) -> str:
    """A value in base units as the page shows it: "231 K requests/s", "$3.20/hour"."""
    text = amount(value / shown.factor, digits, shown.scaled)
    if shown.one[0] == "$" and re.search(r"\.\d$", text):
        text += "0"
    return shown.form(text)


def nearest(name: str, names: Sequence[str] | Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(name, names, 1, 0.6)
    return f": did you mean `{near[0]}`?" if near else ""


# --- Lines -------------------------------------------------------------------------------------------------------

NUMBER = r"-?(?:\d{1,3}(?:,\d{3})+|\d[\d_]*)(?:\.\d+)?(?:[eE][+-]?\d+)?"
SCALES = {"": 1.0, "K": 1e3, "k": 1e3, "M": 1e6, "B": 1e9, "T": 1e12, "%": 0.01}
LINE = re.compile(r"\s*([A-Za-z]\w*)\s*=\s*(.*?)\s*(?:->\s*(.*?)\s*)?(?:#\s*(.*?)\s*)?")
INPUT = re.compile(rf"({NUMBER})(?: ?([KkMBT%])(?= |$))? ?({UNIT})")
QUOTE = re.compile(r"\{\{ *([A-Za-z][\w-]*(?: *\\?\|[\w\s%*/µ.-]*?)*) *\}\}")

# Arity and meaning. Rounding forgives the last digits of a double, which must not cost a machine.
OPERATIONS = {
    "+": (2, operator.add), "-": (2, operator.sub), "*": (2, operator.mul), "/": (2, operator.truediv),
    "**": (2, math.pow), "neg": (1, operator.neg), "min": (2, min), "max": (2, max),
    "ceil": (1, lambda x: math.ceil(x - abs(x) * 1e-12)), "floor": (1, lambda x: math.floor(x + abs(x) * 1e-12)),
    "sqrt": (1, math.sqrt), "log": (1, math.log), "log2": (1, math.log2), "exp": (1, math.exp),
}  # fmt: skip
# Token, words, precedence, precedence that an operand on the right needs to go without brackets.
BINARY = {
    ast.Add: ("+", " + ", 1, 1), ast.Sub: ("-", " − ", 1, 2), ast.Mult: ("*", " × ", 2, 2),
    ast.Div: ("/", " ÷ ", 2, 3), ast.Pow: ("**", " to the power ", 4, 4),
}  # fmt: skip
FUNCTIONS = {
    "min": "smallest of", "max": "largest of", "ceil": "round up", "floor": "round down", "sqrt": "square root of",
    "log": "natural log of", "log2": "log base 2 of", "exp": "e to the power of",
}  # fmt: skip
ACRONYMS = "|".join("""ann api cdn cpm cpu ctr cv cvr dau dcn dlrm fpr gpu hbm hnsw id io iou ivf kv llm mau mfu ml ndcg pq
qps rag ram rpm sla slo sql ssd tpu ttl url vram""".split())


@dataclass
class Quantity:
    """One line of a block: `value` in base units, `text` the number as given or the expression in words."""

    name: str
    line: int
    note: str
    unit: Unit
    value: float
    text: str
    program: str = ""  # empty for an input
    entry: "Entry | None" = None


@dataclass
class Sheet:
    """The quantities of one page, and what is wrong with it as (line, message)."""

    quantities: dict[str, Quantity] = field(default_factory=dict)
    problems: list[tuple[int, str]] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)

    def add(self, line: int, source: str) -> list[Quantity]:
        """Read a block whose first line has this number."""
        block = []
        for at, text in enumerate(source.splitlines(), line):
            try:
                if text.strip():
                    block.append(self.read(at, text))
                    self.quantities[block[-1].name] = block[-1]
            except Fault as fault:
                self.broken.add(text.split("=")[0].strip())
                self.problems += [(at, str(fault))] * bool(str(fault))
        return block

    def read(self, line: int, text: str) -> Quantity:
        match = LINE.fullmatch(text)
        if not match:
            raise Fault(f"`{text.strip()}` is not a quantity: write `name = expression -> unit  # note`")
        name, body, target, note = match.groups("")
        self.used.update(re.findall(r"[A-Za-z]\w*", body))
        if name in self.quantities or name in self.broken:
            raise Fault(f"`{name}` stands on this page already: choose another name")
        if name in (*OPERATIONS, "numbers"):
            raise Fault(f"`{name}` is the name of a function: choose another")
        entry = None
        if known := re.fullmatch(r"numbers\.(\w+)", body):
            entry = numbers().get(known[1])
            if not entry:
                raise Fault(f"numbers.yml has no `{known[1]}`{nearest(known[1], numbers())}")
        if given := INPUT.fullmatch(entry.value if entry else body):
            if target:
                raise Fault(f"`{name}` is an input: write its unit after the number, without ->")
            number, scale, size = given.groups("")
            if scale == "%" and not size:
                scale, size = "", "%"
            value = float(re.sub("[,_]", "", number)) * SCALES[scale] * unit(size).factor
            if not math.isfinite(value):
                raise Fault(f"`{name}` is too large a number: write less than 1e308")
            return Quantity(name, line, note, unit(size), value, f"{number}\u00a0{scale}".strip(), entry=entry)
        tree = parse(body)
        program, base = self.compile(tree)
        wanted = unit(target)
        if base != wanted.base:
            rest = wanted.base / base
            mend = f"correct `-> {target}`" if target else f"write `-> {spell(base)}`"
            raise Fault(f"`{name}` comes out in {spell(base)}, not {target or 'a plain number'}: {mend}, or multiply "
                        f"by an input in {spell(rest)}")  # fmt: skip
        try:
            value = run(program, {key: quantity.value for key, quantity in self.quantities.items()})
        except (ArithmeticError, ValueError) as error:
            raise Fault(f"`{name}` cannot be computed ({error}): change an input that it uses") from None
        return Quantity(name, line, note, wanted, value, words(tree), program)

    def compile(self, node: ast.expr) -> tuple[str, Any]:
        """The postfix program of an expression, and the unit of its result in base units."""
        match node:
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                return repr(float(value)), registry().Unit("")
            case ast.Name(id=name):
                return name, self.named(name, "above").unit.base
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                program, base = self.compile(operand)
                return f"{program} neg", base
            case ast.BinOp(left=left, op=op, right=right) if type(op) in BINARY:
                return self.binary(BINARY[type(op)][0], left, right)
            case ast.Call(func=ast.Name(id=name), args=[_, *_] as args, keywords=[]) if name in FUNCTIONS:
                return self.call(name, [self.compile(arg) for arg in args])
        raise Fault(f"`{ast.unparse(node)}` cannot stand in an estimate: use names, plain numbers, + - * / ** ( ) and "
                    f"{' '.join(FUNCTIONS)}; give a number with a unit a line of its own")  # fmt: skip

    def binary(self, sign: str, left: ast.expr, right: ast.expr) -> tuple[str, Any]:
        (first, a), (second, b) = self.compile(left), self.compile(right)
        if sign in "+-" and a != b:
            raise Fault(f"`{ast.unparse(left)}` is in {spell(a)} and `{ast.unparse(right)}` in {spell(b)}: add or "
                        "subtract like units only")  # fmt: skip
        if sign == "**" and not a.dimensionless:
            try:
                b = a ** ast.literal_eval(right)
            except ValueError:
                raise Fault(f"`{ast.unparse(left)}` has a unit: raise it to a written number only") from None
        elif sign == "**" and not b.dimensionless:
            raise Fault(f"the power `{ast.unparse(right)}` is in {spell(b)}: a power has no unit")
        return f"{first} {second} {sign}", {"+": a, "-": a, "*": a * b, "/": a / b, "**": b}[sign]

    def call(self, name: str, args: list[tuple[str, Any]]) -> tuple[str, Any]:
        (program, base), *more = args
        if name in ("min", "max"):
            if any(other != base for _, other in more):
                raise Fault(f"{name} compares {' with '.join(spell(b) for _, b in args)}: give it like units only")
            return program + "".join(f" {other} {name}" for other, _ in more), base
        if more:
            raise Fault(f"{name} takes one value: take the others out")
        if name in ("ceil", "floor"):
            if {"[time]", "[data]", "[computation]", "[length]"} & set(base.dimensionality):
                raise Fault(f"{name} rounds counts, not {spell(base)}: divide by an input of one unit first")
        elif name == "sqrt":
            base = base**0.5
        elif not base.dimensionless:
            raise Fault(f"{name} takes a plain number, not {spell(base)}: divide by an input in {spell(base)}")
        return f"{program} {name}", base

    def named(self, name: str, where: str) -> Quantity:
        if name in self.quantities:
            return self.quantities[name]
        if name in self.broken:
            raise Fault
        raise Fault(f"no quantity {where} is called `{name}`{nearest(name, self.quantities) or ': define it'}")

    def quote(self, line: int, text: str) -> tuple[Quantity, Unit, int | None] | None:
        """Read the inside of a quote, `name | unit | digits`; None, and a problem, when it cannot be shown."""
        name, size, digits, *rest = [part.strip() for part in (text.replace("\\|", "|") + "||").split("|")]
        try:
            quantity = self.named(name, "of this page")
            self.used.add(name)
            shown = unit(size) if size else quantity.unit
            if shown.base != quantity.unit.base:
                raise Fault(f"`{name}` is in {spell(quantity.unit.base)}, which {size} does not fit: quote it in its unit")
            if "".join(rest) or not re.fullmatch(r"([1-9]|1[0-5])?", digits):
                raise Fault("write a quote as name | unit | digits, with 1 to 15 significant digits")
            return quantity, shown, int(digits) if digits else None
        except Fault as fault:
            self.problems += [(line, f"{{{{ {text.strip()} }}}}: {fault}")] * bool(str(fault))
            return None

    def finish(self) -> list[tuple[int, str]]:
        """All problems by line, when every block and every quote has been read."""
        unused = [q for q in self.quantities.values() if q.program and q.name not in self.used]
        idle = [(q.line, f"`{q.name}` is never used: quote it as {{{{ {q.name} }}}}, or take it out") for q in unused]
        return sorted(self.problems + idle)


def parse(body: str) -> ast.expr:
    try:
        if len(body) > 400:  # nothing sensible is longer, and nothing shorter nests deep enough to hurt
            raise SyntaxError
        return ast.parse(body, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise Fault(f"`{body[:60]}` is not an expression: write `name = expression -> unit  # note`, and give a number "
                    "with a unit a line of its own, such as `page = 8 KiB`") from None  # fmt: skip


def run(program: str, values: Mapping[str, float]) -> float:
    """Execute a postfix program over values in base units.

    Raises:
        ArithmeticError, ValueError: it divides by zero, takes the log of a negative number, or grows too large.
    """
    stack: list[float] = []
    for token in program.split():
        if token in values:
            stack.append(values[token])
        elif token in OPERATIONS:
            arity, operation = OPERATIONS[token]
            stack[-arity:] = [float(operation(*stack[-arity:]))]
        else:
            stack.append(float(token))
        if not math.isfinite(stack[-1]):
            raise ArithmeticError("too large a number")
    return stack[0]


def label(name: str) -> str:
    """A name in words: `peak_qps` is "peak QPS"."""
    return re.sub(rf"\b({ACRONYMS})(?=s?\b)", lambda word: word[0].upper(), name.replace("_", " "))


def words(node: ast.expr, outer: int = 0) -> str:
    """An expression in words, with the brackets it needs: `ceil(a * b)` is "round up (a × b)"."""
    match node:
        case ast.Name(id=name):
            return label(name)
        case ast.Constant(value=value):
            return f"{value:,}"
        case ast.UnaryOp(operand=operand):
            return f"−{words(operand, 3)}"
        case ast.Call(func=ast.Name(id=name), args=args):
            return f"{FUNCTIONS[name]} ({', '.join(map(words, args))})"
        case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=int() as power)):
            return words(left, 5) + str(power).translate(POWERS)
        case ast.BinOp(left=left, op=op, right=right):
            _, sign, level, after = BINARY[type(op)]
            text = words(left, level + (level == 4)) + sign + words(right, after)
            return f"({text})" if level < outer else text
    raise AssertionError(node)


# --- For the checker ---------------------------------------------------------------------------------------------


def problems(blocks: Sequence[tuple[int, str]], quotes: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
    """Everything wrong with the estimates of one page, as (line, message).

    Args:
        blocks: in order, the number of the first line inside each `estimate` fence, and its text.
        quotes: line and inside of the braces of each quote, wherever it stands.
    """
    sheet = Sheet()
    for line, source in blocks:
        sheet.add(line, source)
    for line, text in quotes:
        sheet.quote(line, text)
    return sheet.finish()


def unaccounted(lines: Sequence[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Figures with a unit in text, as (line, message), that are neither quoted nor in a sentence with a footnote.

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


BLANKED = re.compile(r"`[^`]*`|\{\{.*?\}\}|\]\([^)]*\)")  # code, quotes and addresses have figures of their own
SENTENCE = re.compile(r"(?:[^.?!]|[.?!](?!\s|\[\^|$))+[.?!]*(?:\[\^[^\]]+\])*")


@cache
def figure() -> re.Pattern[str]:
    """A number followed by a unit of the guide, a scale word or a per cent sign, or after a dollar sign."""
    units = "|".join(sorted((re.escape(name) for name in registry() if name.isalpha()), key=len, reverse=True))
    return re.compile(
        r"(?<![\w.,^/-])(?:\$ ?\d[\d,.]*|\d(?:[\d,.]*\d)?"
        rf"(?: ?%| ?(?:[KMBT]|thousand|million|billion|trillion)\b|[ \u00a0]?(?:{units})s?(?![\w-])))"
    )


@dataclass(frozen=True)
class Entry:
    """One line of numbers.yml. `value` is a number with a unit; `date` is when the source was published or read."""

    name: str
    group: str
    what: str
    value: str
    confidence: str
    date: date | None
    title: str
    url: str


def numbers(text: str | None = None) -> dict[str, Entry]:
    """The numbers to know, by name; `text` stands in for docs/reference/numbers.yml."""
    return _numbers(NUMBERS.read_text("utf-8") if text is None else text)


@cache
def _numbers(text: str) -> dict[str, Entry]:
    groups = yaml.safe_load(text)
    sources = groups.pop("sources")
    found = {}
    for group, rows in groups.items():
        for name, row in rows.items():
            source = sources.get(row.get("source"), {})
            found[name] = Entry(
                name, group, row["what"], str(row["value"]), row["confidence"], row.get("date") or source.get("date"),
                source.get("title", ""), source.get("url", ""),
            )  # fmt: skip
    return found


def number_problems(text: str) -> Iterator[tuple[int, str]]:
    """What is wrong with the text of numbers.yml, as (line, message)."""
    for entry in numbers(text).values():
        line = line_of(entry, text)
        if entry.confidence not in ("reported", "derived", "assumed"):
            yield line, f"`{entry.name}` is {entry.confidence}: write reported, derived or assumed"
        if not entry.url.startswith("https://") and entry.confidence != "assumed":
            yield line, f"`{entry.name}` has no source: name one under `sources:`, or call it assumed"
        if not isinstance(entry.date, date):
            yield line, f"`{entry.name}` has no date: write the day its source was published or read, as 2026-01-31"
        try:
            if not INPUT.fullmatch(entry.value):
                raise Fault(f"`{entry.value}` is not a number with a unit: write it as `100 us`")
            unit(INPUT.fullmatch(entry.value)[3])
        except Fault as fault:
            yield line, f"`{entry.name}`: {fault}"


def number_warnings(text: str, today: date) -> Iterator[tuple[int, str]]:
    """The entries of numbers.yml that are older than a year, as (line, message)."""
    for entry in numbers(text).values():
        if isinstance(entry.date, date) and entry.date < today - timedelta(days=365):
            yield line_of(entry, text), f"`{entry.name}` is of {entry.date}: open its source again and renew value and date"


def line_of(entry: Entry, text: str) -> int:
    return text[: re.search(rf"^ +{entry.name}:", text, re.M).start()].count("\n") + 1


# --- The extension -----------------------------------------------------------------------------------------------

FENCE = re.compile(r"( *)(`{3,}(?=[^`]*$)|~{3,})\s*([\w-]*)")
MARK = "\ue000{}\ue001"  # stands for a quote until inline Markdown is read: its bars would end a table's cell
MARKED = MARK.format(r"(\d+)")


class EstimateError(BuildError):
    """A page's estimates are at fault; the message names every line and its mend."""


class EstimateExtension(Extension):
    """The state of one page: its sheet, and line and source of each quote."""

    def reset(self) -> None:
        self.sheet = Sheet()
        self.marks: list[tuple[int, str]] = []

    def extendMarkdown(self, md: Markdown) -> None:
        self.reset()
        md.registerExtension(self)
        md.preprocessors.register(Fences(md, self), "estimate", 28)  # before superfences
        md.inlinePatterns.register(Quotes(md, self), "estimate", 175)  # after code and mathematics
        md.treeprocessors.register(Verdict(md, self), "estimate", 10)  # after inline
        md.postprocessors.register(Restore(md, self), "estimate", 0)


class Fences(Preprocessor):
    """Turns fences into tables and quotes into marks, before other extensions see them."""

    def __init__(self, md: Markdown, page: EstimateExtension) -> None:
        super().__init__(md)
        self.page = page

    def run(self, lines: list[str]) -> list[str]:
        result: list[str] = []
        indent = fence = kind = ""
        start = 0
        for at, line in enumerate(lines, 1):
            if not fence:
                if opening := FENCE.match(line):
                    indent, fence, kind = opening.groups()
                    start = at
                else:
                    line = QUOTE.sub(partial(self.mark, at), line)
            elif re.fullmatch(rf"\s*{fence}{fence[0]}*\s*", line):
                fence = ""
                if kind in ("estimate", "numbers"):
                    html = self.html(kind, start + 1, "\n".join(lines[start : at - 1]))
                    result[start - at :] = ["", indent + self.md.htmlStash.store(html), ""]
                    continue
            result.append(line)
        if fence and kind in ("estimate", "numbers"):
            self.page.sheet.problems.append((start, f"this {kind} block is not closed: end it with {fence}"))
        return result

    def mark(self, line: int, quote: re.Match[str]) -> str:
        self.page.marks.append((line, quote[0]))
        return MARK.format(len(self.page.marks) - 1)

    def html(self, kind: str, line: int, source: str) -> str:
        if kind == "estimate":
            return estimate_table(self.page.sheet.add(line, source))
        rows = [entry for entry in numbers().values() if entry.group == source.strip()]
        if not rows:
            problem = f"numbers.yml has no group `{source.strip()}`: write one of its headings"
            self.page.sheet.problems.append((line, problem))
        return numbers_table(source.strip(), rows)


class Quotes(InlineProcessor):
    """Puts a value in the place of a quote's mark."""

    def __init__(self, md: Markdown, page: EstimateExtension) -> None:
        super().__init__(MARKED, md)
        self.page = page

    def handleMatch(self, match: re.Match[str], data: str) -> tuple[Element, int, int]:
        line, source = self.page.marks[int(match[1])]
        element = Element("span", {"class": "estimate-quote"})
        if found := self.page.sheet.quote(line, source[2:-2]):
            quantity, shown, digits = found
            element.text = AtomicString(written(quantity.value, shown, digits))
            element.attrib |= {"data-quote": quantity.name} | format_data(shown)
            element.attrib |= {"data-digits": str(digits)} if digits else {}
        return element, match.start(0), match.end(0)


class Verdict(Treeprocessor):
    """Fails the page when all of it has been read."""

    def __init__(self, md: Markdown, page: EstimateExtension) -> None:
        super().__init__(md)
        self.page = page

    def run(self, root: Element) -> None:
        if found := self.page.sheet.finish():
            lines = "\n".join(f"  line {line} below the front matter: {message}" for line, message in found)
            raise EstimateError(f"estimates:\n{lines}")


class Restore(Postprocessor):
    """Gives code and mathematics their braces back: there a quote is only text."""

    def __init__(self, md: Markdown, page: EstimateExtension) -> None:
        super().__init__(md)
        self.page = page

    def run(self, text: str) -> str:
        return re.sub(MARKED, lambda mark: escape(self.page.marks[int(mark[1])][1]), text)


def estimate_table(block: list[Quantity]) -> str:
    rows = []
    for quantity in block:
        data = {"data-name": quantity.name, "data-value": repr(quantity.value)} | format_data(quantity.unit)
        if quantity.program:
            data["data-program"] = quantity.program
            value, how = written(quantity.value, quantity.unit), quantity.text
        else:
            data["data-given"] = quantity.text
            value, how = quantity.unit.form(quantity.text), "given"
        note = "; ".join(filter(None, [escape(quantity.note), quantity.entry and voucher(quantity.entry)]))
        rows.append(row(data, escape(label(quantity.name)), value, how, note))
    ends = dict.fromkeys(label(quantity.name) for quantity in block[:1] + block[-1:])
    return table(f"Estimate: {' to '.join(ends)}", ("Quantity", "Value", "How it is computed", "Note"), rows)


def numbers_table(group: str, entries: Sequence[Entry]) -> str:
    rows = []
    for entry in entries:
        quantity = Sheet().read(0, f"{entry.name} = {entry.value}")
        value = quantity.unit.form(quantity.text)
        rows.append(row({}, escape(entry.what), value, f"<code>{entry.name}</code>", voucher(entry)))
    return table(f"Numbers: {group}", ("Quantity", "Value", "Name", "Source"), rows)


def voucher(entry: Entry) -> str:
    """What vouches for a number: confidence, source and date."""
    link = f'<a href="{escape(entry.url)}">{escape(entry.title)}</a>, ' if entry.url else ""
    return f"{entry.confidence}, {link}{entry.date}"


def format_data(shown: Unit) -> dict[str, str]:
    """What the browser needs to write a value in this unit."""
    scaled = {"data-scaled": ""} if shown.scaled else {}
    return {"data-factor": repr(shown.factor), "data-unit": f"{shown.one}|{shown.many}"} | scaled


def row(data: Mapping[str, str], head: str, *cells: str) -> str:
    attributes = "".join(f' {name}="{escape(value)}"' for name, value in data.items())
    rest = "".join(f'<td role="cell">{cell}</td>' for cell in cells)
    return f'<tr role="row"{attributes}><th scope="row" role="rowheader">{head}</th>{rest}</tr>'


def table(name: str, heads: Sequence[str], rows: Sequence[str]) -> str:
    """A labelled table; its roles keep it one where a narrow screen stacks the cells."""
    head = "".join(f'<th scope="col" role="columnheader">{head}</th>' for head in heads)
    return (
        f'<div class="estimate"><table class="estimate-table" role="table" aria-label="{escape(name)}">'
        f'<thead role="rowgroup"><tr role="row">{head}</tr></thead><tbody role="rowgroup">{"".join(rows)}</tbody>'
        "</table></div>"
    )


def makeExtension(**options: Any) -> EstimateExtension:
    """The entry point that Python-Markdown looks for."""
    return EstimateExtension(**options)
