"""The guide's units, by pint, and how numbers with a unit are read and shown."""

import difflib
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context
from functools import cache
from typing import Any

# What is counted is a unit too. To count something new, add its singular.
COUNTED = re.findall(
    r"\w+",
    """account action ad advertiser annotation annotator arm batch bin booking box bucket call campaign candidate cell
    centroid character chargeback chunk click cluster comment conversion core CPU creative customer decision dimension
    disk document driver edge entity entry epoch event example face feature file follower frame friend GPU group guest
    head host image impression index invite item job key keyword label layer leaf like list listing machine member
    message model moderator neighbour node notification object operation order page parameter partition payment person
    photo pixel position post product purchase query read record region replica request result reviewer row sample
    segment seller server session shard share slot song step table team text thread tile token transaction update user
    value vector video view viewer visit weight word worker write""",
)
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
NUMBER = r"-?(?:\d{1,3}(?:,\d{3})+|\d[\d_]*)(?:\.\d+)?(?:[eE][+-]?\d+)?"
MEASURE = re.compile(rf"({NUMBER})(?: ?([KkMBT%])(?= |$))? ?({UNIT})")
SCALES = {"": 1.0, "K": 1e3, "k": 1e3, "M": 1e6, "B": 1e9, "T": 1e12, "%": 0.01}


class Fault(Exception):
    """What is wrong with a line, and the act that mends it; empty where another line's fault is the cause."""


@dataclass(frozen=True)
class Unit:
    """A unit as written: factor to base units, dimension, singular and plural form (`#` stands for the number)."""

    factor: float
    base: Any
    one: str
    many: str
    scaled: bool  # whether large numbers are shown with K, M, B, T

    def form(self, number: str) -> str:
        """A written number with this unit, unbroken: "12 GB", "$3.20/hour"."""
        return (self.one if number == "1" else self.many).replace("#", number).replace(" ", "\u00a0")


@cache
def registry() -> Any:
    """pint with these units only, not its thousand physical ones."""
    import pint  # 0.3 s, paid by the first page that has an estimate

    lines = re.split(r"[;\n] *", MEASURES)
    lines += [f"{word} = [{word}] = _ = {plural(word)} = {word.lower()}" for word in COUNTED]
    for power, prefix in enumerate("kMGTPEZ", 1):
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
        try:
            name = word if word == "1" else ureg.get_name(word)
        except AttributeError:  # pint's UndefinedUnitError is one
            hint = nearest(word, ureg) or ": count in one of COUNTED in scripts/units.py"
            raise Fault(f"there is no unit `{word}`{hint}") from None
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


def measure(text: str) -> tuple[float, str, Unit] | None:
    """A number with a unit, `100 M user`: value in base units, number as written, unit. None if it is neither.

    Raises:
        Fault: there is no such unit, or the number is too large.
    """
    match = MEASURE.fullmatch(text)
    if not match:
        return None
    number, scale, size = match.groups("")
    if scale == "%" and not size:
        scale, size = "", "%"
    value = float(re.sub("[,_]", "", number)) * SCALES[scale] * unit(size).factor
    if not math.isfinite(value):
        raise Fault(f"{number} is too large: write less than 1e308")
    return value, f"{number}\u00a0{scale}".strip(), unit(size)


def spell(base: Any) -> str:
    return "a plain number" if base.dimensionless else f"{base:C}"


def nearest(name: str, names: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, names, 1, 0.6)
    return f": did you mean `{near[0]}`?" if near else ""


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
