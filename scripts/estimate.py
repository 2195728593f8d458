"""Markdown extension: `estimate` fences that compute themselves, `{{ quotes }}` of their results, `numbers` tables.

All blocks and quotes of a page share one namespace; a quote may precede its block. The units of a line are checked
once; then it is a postfix program over values in base units (second, byte, FLOP, dollar, metre, one of each thing
counted), which `run` executes here and docs/assets/javascripts/estimate.js in the page.
"""

import ast
import math
import operator
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from html import escape
from typing import Any
from xml.etree.ElementTree import Element

from markdown import Extension, Markdown
from markdown.inlinepatterns import InlineProcessor
from markdown.postprocessors import Postprocessor
from markdown.preprocessors import Preprocessor
from markdown.treeprocessors import Treeprocessor
from markdown.util import AtomicString

from scripts.figures import Entry, numbers
from scripts.units import POWERS, Fault, Unit, measure, nearest, registry, spell, unit, written

# Where MkDocs builds, it reports its own BuildError with the page's name and without a traceback; the checker need not
# wait for MkDocs to load.
BuildError = getattr(sys.modules.get("mkdocs.exceptions"), "BuildError", Exception)

# --- Lines -------------------------------------------------------------------------------------------------------

LINE = re.compile(r"\s*([A-Za-z]\w*)\s*=\s*(.*?)\s*(?:->\s*(.*?)\s*)?(?:#\s*(.*?)\s*)?")
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
ACRONYMS = (
    "ann|api|cdn|cpm|cpu|ctr|cv|cvr|dau|dcn|dlrm|fpr|gpu|hbm|hnsw|id|io|iou|ivf|kv|llm|mau|mfu|ml|ndcg|pq|qps|rag|ram|"
    "rpm|sla|slo|sql|ssd|tpu|ttl|url|vram"
)


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
    entry: Entry | None = None


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
                self.report(at, fault)
        return block

    def report(self, line: int, fault: Fault, prefix: str = "") -> None:
        if str(fault):
            self.problems.append((line, f"{prefix}{fault}"))

    def read(self, line: int, text: str) -> Quantity:
        """One line; Fault if it is not a quantity, is not arithmetic or does not add up."""
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
        if given := measure(entry.value if entry else body):
            if target:
                raise Fault(f"`{name}` is an input: write its unit after the number, without ->")
            value, number, size = given
            return Quantity(name, line, note, size, value, number, entry=entry)
        tree = parse(body)
        program, base = self.compile(tree)
        size = unit(target)
        if base != size.base:
            mend = f"correct `-> {target}`" if target else f"write `-> {spell(base)}`"
            raise Fault(
                f"`{name}` comes out in {spell(base)}, not {target or 'a plain number'}: {mend}, or multiply by an "
                f"input in {spell(size.base / base)}"
            )
        try:
            value = run(program, {key: quantity.value for key, quantity in self.quantities.items()})
        except (ArithmeticError, ValueError) as error:
            raise Fault(f"`{name}` cannot be computed ({error}): change an input that it uses") from None
        return Quantity(name, line, note, size, value, words(tree), program)

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
        raise Fault(
            f"`{ast.unparse(node)}` cannot stand in an estimate: use names, plain numbers, + - * / ** ( ) and "
            f"{' '.join(FUNCTIONS)}; give a number with a unit a line of its own"
        )

    def binary(self, sign: str, left: ast.expr, right: ast.expr) -> tuple[str, Any]:
        (first, a), (second, b) = self.compile(left), self.compile(right)
        if sign in "*/":
            base = a * b if sign == "*" else a / b
        elif sign != "**":
            base = a
            if a != b:
                ours, theirs = f"`{ast.unparse(left)}` is {spell(a)}", f"`{ast.unparse(right)}` is {spell(b)}"
                raise Fault(f"{ours} and {theirs}: add or subtract like units only")
        elif not b.dimensionless:
            raise Fault(f"the power `{ast.unparse(right)}` is {spell(b)}: divide it by an input in {spell(b)}")
        elif a.dimensionless:
            base = a
        else:
            try:
                base = a ** ast.literal_eval(right)
            except ValueError:
                raise Fault(f"`{ast.unparse(left)}` has a unit: raise it to a written number only") from None
        return f"{first} {second} {sign}", base

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
                raise Fault(f"`{name}` is in {spell(quantity.unit.base)}: quote it in such a unit, not in {size}")
            if "".join(rest) or not re.fullmatch(r"([1-9]|1[0-5])?", digits):
                raise Fault("write a quote as name | unit | digits, with 1 to 15 significant digits")
            return quantity, shown, int(digits) if digits else None
        except Fault as fault:
            self.report(line, fault, f"{{{{ {text.strip()} }}}}: ")
            return None

    def finish(self) -> list[tuple[int, str]]:
        """All problems by line, when every block and every quote has been read."""
        idle = [one for one in self.quantities.values() if one.program and one.name not in self.used]
        mend = "`{0}` is never used: quote it as {{{{ {0} }}}}, or take it out"
        return sorted(self.problems + [(one.line, mend.format(one.name)) for one in idle])


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


def parse(body: str) -> ast.expr:
    """The tree of an expression; Fault if it is none."""
    try:
        if len(body) > 400:  # nothing sensible is longer, and nothing shorter nests deep enough to hurt
            raise SyntaxError
        return ast.parse(body, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise Fault(
            f"`{body[:60]}` is not an expression: write `name = expression -> unit  # note`, and give a number with a "
            "unit a line of its own, such as `page = 8 KiB`"
        ) from None


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
        case ast.Call(func=ast.Name(id=name), args=args):
            return f"{FUNCTIONS[name]} ({', '.join(map(words, args))})"
        case ast.UnaryOp(operand=operand):
            level, text = 3, "−" + words(operand, 3)
        case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=int() as power)):
            level, text = 4, words(left, 5) + str(power).translate(POWERS)
        case ast.BinOp(left=left, op=op, right=right):
            _, sign, level, after = BINARY[type(op)]
            text = words(left, level + (level == 4)) + sign + words(right, after)
        case _:
            raise AssertionError(node)
    return f"({text})" if level < outer else text


# --- The page ----------------------------------------------------------------------------------------------------


PLAY = '<button type="button" class="estimate-play">Change the inputs</button>'  # of use with a script only


def estimate_table(block: Sequence[Quantity]) -> str:
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
    ends = dict.fromkeys(label(quantity.name) for quantity in [*block[:1], *block[-1:]])
    name = f"Estimate: {' to '.join(ends)}"
    button = PLAY if any(not quantity.program for quantity in block) else ""
    return table(name, ("Quantity", "Value", "How it is computed", "Note"), rows, button)


def numbers_table(group: str, entries: Sequence[Entry]) -> str:
    rows = []
    for entry in entries:
        _, number, size = measure(entry.value)
        rows.append(row({}, escape(entry.what), size.form(number), f"<code>{entry.name}</code>", voucher(entry)))
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


def table(name: str, heads: Sequence[str], rows: Sequence[str], below: str = "") -> str:
    """A labelled table; its roles keep it one where a narrow screen stacks the cells."""
    head = "".join(f'<th scope="col" role="columnheader">{head}</th>' for head in heads)
    return (
        f'<div class="estimate"><table class="estimate-table" role="table" aria-label="{escape(name)}">'
        f'<thead role="rowgroup"><tr role="row">{head}</tr></thead><tbody role="rowgroup">{"".join(rows)}</tbody>'
        f"</table>{below}</div>"
    )


# --- The extension -----------------------------------------------------------------------------------------------

FENCE = re.compile(r"( *)(`{3,}(?=[^`]*$)|~{3,})\s*([\w-]*)")
MARK = "\ue000{}\ue001"  # stands for a quote until inline Markdown is read: its bars would end a table's cell
MARKED = MARK.format(r"(\d+)")


class EstimateError(BuildError):
    """A page's estimates are at fault; the message names every line and its mend."""


class Fences(Preprocessor):
    """Turns fences into tables and quotes into marks, before other extensions see them."""

    page: "EstimateExtension"

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
        group, rows = source.strip(), []
        try:
            rows = [entry for entry in numbers().values() if entry.group == group]
            if not rows:
                raise Fault(f"numbers.yml has no group `{group}`: write one of its headings")
        except Fault as fault:
            self.page.sheet.report(line, fault)
        return numbers_table(group, rows)


class Quotes(InlineProcessor):
    """Puts a value in the place of a quote's mark."""

    page: "EstimateExtension"

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

    page: "EstimateExtension"

    def run(self, root: Element) -> None:
        if found := self.page.sheet.finish():
            lines = "\n".join(f"  line {line} below the front matter: {message}" for line, message in found)
            raise EstimateError(f"estimates:\n{lines}")


class Restore(Postprocessor):
    """Gives code and mathematics their braces back: there a quote is only text."""

    page: "EstimateExtension"

    def run(self, text: str) -> str:
        return re.sub(MARKED, lambda mark: escape(self.page.marks[int(mark[1])][1]), text)


class EstimateExtension(Extension):
    """The state of one page: its sheet, and line and source of each quote."""

    def reset(self) -> None:
        self.sheet = Sheet()
        self.marks: list[tuple[int, str]] = []

    def extendMarkdown(self, md: Markdown) -> None:
        self.reset()
        md.registerExtension(self)
        fences, quotes, verdict, restore = Fences(md), Quotes(MARKED, md), Verdict(md), Restore(md)
        for processor in (fences, quotes, verdict, restore):
            processor.page = self
        md.preprocessors.register(fences, "estimate", 28)  # before superfences
        md.inlinePatterns.register(quotes, "estimate", 175)  # after code and mathematics
        md.treeprocessors.register(verdict, "estimate", 10)  # after inline
        md.postprocessors.register(restore, "estimate", 0)


def makeExtension(**options: Any) -> EstimateExtension:
    """The entry point that Python-Markdown looks for."""
    return EstimateExtension(**options)
