"""Estimates: arithmetic and units against pint itself, formulas against independent sources, faults, rendering."""

import math
import re
import subprocess
import sys
from datetime import date
from pathlib import Path
from statistics import NormalDist

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown import Markdown
from pint import DimensionalityError

from scripts.estimate import EstimateError, Sheet, label, parse, problems, run, words
from scripts.figures import NUMBERS, number_problems, number_warnings, numbers, unaccounted
from scripts.units import Fault, amount, registry, unit, written

ROOT = Path(__file__).parent.parent


def values(source: str) -> dict[str, float]:
    """Every quantity of a block in the unit it was written in; the block must be sound."""
    sheet = Sheet()
    sheet.add(1, source)
    assert sheet.problems == []
    return {quantity.name: quantity.value / quantity.unit.factor for quantity in sheet.quantities.values()}


def shown(source: str) -> dict[str, str]:
    sheet = Sheet()
    sheet.add(1, source)
    assert sheet.problems == []
    return {quantity.name: written(quantity.value, quantity.unit) for quantity in sheet.quantities.values()}


def render(text: str, *extensions: str) -> str:
    return Markdown(extensions=["scripts.estimate", *extensions]).convert(text)


def fence(text: str) -> str:
    return f"```estimate\n{text}\n```\n"


# --- What the units mean -----------------------------------------------------------------------------------------


def test_users_times_requests_per_user_are_requests():
    got = values("users = 100 M user\neach = 20 request/user/day\nrate = users * each -> request/s")
    assert got["rate"] == pytest.approx(100e6 * 20 / 86_400)


def test_littles_law_gives_machines():
    got = values("""
        rate = 6,944 request/s
        time = 80 ms
        slots = 16 request/machine
        utilisation = 60%
        in_flight = rate * time -> request
        machines = ceil(in_flight / (slots * utilisation)) -> machine
    """)
    assert got["in_flight"] == pytest.approx(555.52)
    assert got["machines"] == 58


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("3 KiB", 3 * 1024), ("3 kB", 3000), ("3 KB", 3000), ("2 TiB", 2 * 1024**4), ("1 PB", 1e15), ("8 bit", 1),
        ("5 us", 5e-6), ("5 µs", 5e-6), ("2 min", 120), ("1 year", 365 * 86400), ("12 month", 365 * 86400),
        ("989 TFLOP/s", 989e12), ("2 B token", 2e9), ("2 tokens", 2), ("7 queries", 7), ("1 query", 1), ("3 people", 3),
        ("0.4 % click/impression", 0.004), ("20%", 0.2), ("1_000", 1000), ("1.5e3", 1500), ("2.5 K", 2500), ("-3", -3),
        ("10 Gbit/s", 1.25e9), ("3.20 USD/hour", 3.2 / 3600), ("1 GPU*hour", 3600), ("1 GPU hour", 3600), ("5 1/s", 5),
    ],
)  # fmt: skip
def test_an_input_is_read_into_base_units(text, base):
    sheet = Sheet()
    (quantity,) = sheet.add(1, f"x = {text}")
    assert quantity.value == pytest.approx(base, rel=1e-12)


UNITS = ["", "%", "user", "request/s", "GB", "KiB/request", "ms", "day", "dollar/hour", "GPU", "TFLOP/s/GPU"]
QUANTITIES = st.tuples(st.floats(0.01, 1e6), st.sampled_from(UNITS))
NAMES = ["a", "b", "c"]


def expressions(depth: int = 3) -> st.SearchStrategy[str]:
    leaf = st.sampled_from([*NAMES, *NAMES, "2", "0.5", "3"])
    if not depth:
        return leaf
    inner = expressions(depth - 1)
    return st.one_of(
        leaf,
        st.builds("({} {} {})".format, inner, st.sampled_from("+-*/*/"), inner),
        st.builds("{}({}, {})".format, st.sampled_from(["min", "max"]), inner, inner),
        st.builds("{}({})".format, st.sampled_from(["sqrt", "log", "log2", "exp", "-"]), inner),
        st.builds("({}) ** {}".format, inner, st.sampled_from(["2", "3", "0.5"])),
    )


def by_pint(expression: str, inputs: dict[str, tuple[float, str]]):
    """The same sum by pint's own quantities and Python's own evaluation, or None where either refuses."""
    quantity = registry().Quantity
    scope = {name: quantity(value, text if text != "%" else "") for name, (value, text) in inputs.items()}
    for name, (_, text) in inputs.items():
        scope[name] = (scope[name] / 100 if text == "%" else scope[name]).to_base_units()

    def plain(function):
        return lambda x: quantity(function(quantity(x).to("").magnitude), "")

    def least(*args):
        return quantity(min(quantity(x).to(args[0].units).magnitude for x in map(quantity, args)), args[0].units)

    scope |= {name: plain(getattr(math, name)) for name in ("log", "log2", "exp")}
    scope |= {"sqrt": lambda x: quantity(x) ** 0.5}
    scope |= {"min": lambda *args: least(*map(quantity, args))}
    scope |= {"max": lambda *args: -least(*(-quantity(x) for x in args))}
    try:
        result = quantity(eval(expression, {"__builtins__": {}}, scope)).to_base_units()
    except (DimensionalityError, ArithmeticError, ValueError):
        return None
    number = result.magnitude
    return result if isinstance(number, float | int) and math.isfinite(number) else None


@settings(max_examples=400, deadline=None, derandomize=True)
@given(expressions(), st.fixed_dictionaries(dict.fromkeys(NAMES, QUANTITIES)))
def test_value_and_unit_agree_with_pint(expression, inputs):
    sheet = Sheet()
    sheet.add(1, "\n".join(f"{name} = {value!r} {text}" for name, (value, text) in inputs.items()))
    expected = by_pint(expression, inputs)
    base_values = {name: quantity.value for name, quantity in sheet.quantities.items()}
    try:
        program, base = sheet.compile(parse(expression))
        got = run(program, base_values)
    except (ArithmeticError, ValueError, Fault):
        got = base = None
    assert (got is None) == (expected is None)
    if expected is not None:
        assert base == expected.units
        assert got == pytest.approx(expected.magnitude, rel=1e-9, abs=1e-300)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(expressions(), st.tuples(*[st.floats(0.1, 50)] * 3))
@example("a - (b - c)", (9.0, 5.0, 2.0))
@example("a - (b + c)", (9.0, 5.0, 2.0))
@example("a / (b / c) * (a - b)", (9.0, 5.0, 2.0))
def test_the_words_have_the_brackets_of_the_expression(expression, numbers_):
    """Read back as arithmetic, the words give the same number."""
    scope = dict(zip(NAMES, numbers_, strict=True))
    functions = {"smallest of": min, "largest of": max, "square root of": math.sqrt, "natural log of": math.log,
                 "log base 2 of": math.log2, "e to the power of": math.exp}  # fmt: skip
    text = words(parse(expression))
    for position, spelled in enumerate(functions):
        text = text.replace(spelled, f"f{position}")
    for sign, code in {"×": "*", "÷": "/", "−": "-", "²": "**2", "³": "**3", "to the power": "**"}.items():
        text = text.replace(sign, code)
    scope |= {f"f{position}": function for position, function in enumerate(functions.values())}
    try:
        expected = eval(expression, dict(vars(math)) | scope | {"min": min, "max": max})
    except (ArithmeticError, ValueError, TypeError):  # TypeError: the root of a negative number is complex
        return
    got = eval(text, scope)
    assert got == pytest.approx(expected, rel=1e-9)


def test_rounding_forgives_the_last_digits_of_a_double():
    assert 0.1 * 3 / 0.1 > 3
    assert values("a = 0.1\nb = ceil(a * 3 / a) -> dimensionless")["b"] == 3
    assert values("a = 4.35\nb = floor(a * 100) -> dimensionless")["b"] == 435
    assert values("a = 3.001\nb = ceil(a)\nc = floor(-a)") == {"a": 3.001, "b": 4, "c": -4}


# --- Formulas of the guide, against sources that are not this code ------------------------------------------------


def page(name: str) -> dict[str, float]:
    text = (ROOT / "docs/reference" / name).read_text("utf-8")
    text = re.sub(r"^````.*?^````", "", text, flags=re.M | re.S)
    sheet = Sheet()
    for block in re.findall(r"^```estimate\n(.*?)^```", text, re.M | re.S):
        sheet.add(1, block)
    assert sheet.problems == []
    return {quantity.name: quantity.value for quantity in sheet.quantities.values()}


def test_sample_size_against_the_arcsine_method():
    """statsmodels' NormalIndPower gives 752,684 an arm for 5% and +2%: arcsine effect size, both tails. This oracle
    is that method, and the page's formula for proportions agrees with it to a few users in a hundred thousand."""
    normal = NormalDist()
    effect = 2 * math.asin(math.sqrt(0.051)) - 2 * math.asin(math.sqrt(0.05))

    def power(size: float) -> float:
        shift = effect * math.sqrt(size / 2)
        return normal.cdf(shift - normal.inv_cdf(0.975)) + normal.cdf(-shift - normal.inv_cdf(0.975))

    low, high = 1.0, 1e7
    while high - low > 1e-3:
        middle = (low + high) / 2
        low, high = (middle, high) if power(middle) < 0.80 else (low, middle)
    assert math.ceil(high) == 752_684
    assert page("estimate.md")["arm_users"] == pytest.approx(high, rel=1e-4)


def test_vector_index_against_measured_sizes():
    """Measured at d = 128, M = 16: a flat index takes 512 bytes a vector, Faiss HNSW 656, hnswlib 660."""
    got = values("""
        float_size = 4 byte/vector
        link_size = 8 byte/vector
        flat = 128 * float_size -> byte/vector
        hnsw = 128 * float_size + 16 * link_size -> byte/vector
        planned = 1.1 * hnsw -> byte/vector
    """)
    assert got["flat"] == 512
    assert got["planned"] == pytest.approx(704)
    for measured in (656, 660):
        assert got["hnsw"] == pytest.approx(measured, rel=0.035)
        assert measured < got["planned"]


def test_vector_index_of_the_page_against_opensearchs_example():
    """1.1 × (4 × 256 + 8 × 16) × 1,000,000 ≈ 1.267 GB, says its documentation; the page has a hundred times as many."""
    assert page("estimate.md")["hnsw"] == pytest.approx(1.267e9 * 100, rel=1e-3)


def test_kv_cache_and_decode_against_known_models():
    got = page("estimate.md")
    assert got["kv_per_token"] == 320 * 1024  # 70B, 80 layers, 8 KV heads of 128, bf16
    assert got["kv_per_token"] * 128_000 == pytest.approx(41.9e9, rel=2e-3)
    assert values("w = 16 GB\nbw = 3.35 TB/s\nstep = w / bw -> ms")["step"] == pytest.approx(4.8, abs=0.03)
    book = values("""
        kv = 100 kB/token
        context = 8192 token
        weights = 30 GB
        speed = 0.81 TB/s
        step = (4 * kv * context + weights) / (16 * speed) -> ms
    """)  # the worked example of the scaling book's chapter on inference
    assert book["step"] == pytest.approx(2.5, abs=0.1)


def test_training_against_published_hours():
    got = page("estimate.md")
    assert got["train_flop"] == pytest.approx(6 * 7e9 * 140e9)
    assert got["llama_mfu"] == pytest.approx(6 * 70e9 * 2e12 / (1_720_320 * 3600 * 310e12))
    assert 0.38 < got["llama_mfu"] < 0.44


def test_fan_out_tail_and_short_day():
    got = page("estimate.md")
    assert got["slow_requests"] == pytest.approx(0.634, abs=5e-4)
    assert got["shortcut_error"] == pytest.approx(0.136)


# --- How numbers read --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("x = 231481 request/s", "231 K requests/s"), ("x = 1 machine", "1 machine"), ("x = 12 machine", "12 machines"),
        ("x = 9,999 user", "9,999 users"), ("x = 10,000 user", "10 K users"), ("x = 999999 user", "1 M users"),
        ("x = 2 T token", "2 T tokens"), ("x = 3.2 dollar/hour", "$3.20/hour"), ("x = 1,250,000 USD", "$1.25 M"),
        ("x = 12,345 GB", "12,300 GB"), ("x = 0.4 %", "0.4%"), ("x = 3 us", "3 µs"), ("x = 86400", "86.4 K"),
        ("x = 0.00123 s", "0.00123 s"), ("x = 5.88e21 FLOP", "5.88 × 10²¹ FLOP"), ("x = 1e-9", "1 × 10⁻⁹"),
        ("x = -2.5 ms", "−2.5 ms"), ("x = 4 GPU hour", "4 GPU hours"), ("x = 5 1/day", "5 per day"), ("x = 0", "0"),
        ("x = 20 requests/user/day", "20 requests/user/day"), ("x = 3 second**2", "3 s²"), ("x = 7 query", "7 queries"),
    ],
)  # fmt: skip
def test_values_read_well(source, text):
    assert shown(source)["x"].replace("\u00a0", " ") == text


@settings(max_examples=500, deadline=None, derandomize=True)
@given(st.floats(1e-12, 1e20), st.integers(1, 15), st.booleans())
def test_the_text_is_the_number_to_its_digits(value, digits, scaled):
    text = amount(value, digits, scaled).replace(",", "")
    mantissa, _, power = text.partition(" × 10")
    exponent = int(power.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))) if power else 0
    number, _, suffix = mantissa.partition("\u00a0")
    read = float(number) * 10**exponent * {"": 1, "K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}[suffix]
    assert read == pytest.approx(value, rel=0.51 * 10 ** (1 - digits))


def test_digits_that_are_asked_for_are_all_shown():
    assert [amount(752_684, digits, True) for digits in (2, 6, 9)] == ["750\u00a0K", "752,684", "752,684"]
    assert amount(1 / 3, 5) == "0.33333"


def test_names_read_as_words():
    assert [label(name) for name in ("peak_qps", "item_ids", "gpu_price", "train_gpus", "hidden_size")] == [
        "peak QPS", "item IDs", "GPU price", "train GPUs", "hidden size",
    ]  # fmt: skip


# --- Faults ------------------------------------------------------------------------------------------------------

FAULTS = {
    "x = 3 user\nx = 4 user": (2, "already"),
    "x = 10 requst/s": (1, "did you mean `request`"),
    "x = 10 sdfghj": (1, "COUNTED"),
    "x = 10 define": (1, "no unit `define`"),
    "x 10": (1, "is not a quantity"),
    "# a note": (1, "is not a quantity"),
    "x =": (1, "is not an expression"),
    "x = 3 user * 2": (1, "a line of its own"),
    "x = 3 user -> item": (1, "without ->"),
    "min = 3": (1, "function"),
    "x = 3 user\ny = x + 1": (2, "like units"),
    "x = 3 user\ny = x * 2 -> item": (2, "an input in item/user"),
    "x = 3 user\ny = x * 2": (2, "`-> user`"),
    "x = 3 user\ny = x / 0 -> user": (2, "cannot be computed"),
    "x = 3 user\ny = max(x, 2) -> user": (2, "like units"),
    "x = 3 s\ny = ceil(x) -> s": (2, "rounds counts"),
    "x = 3 s\ny = log(x)": (2, "plain number"),
    "x = 3 s\ny = 2 ** x": (2, "the power `x` is second"),
    "x = 3 s\nn = 2\ny = x ** n": (3, "written number"),
    "x = 3\ny = sqrt(x, x)": (2, "one value"),
    "x = 3\ny = abs(x)": (2, "cannot stand"),
    "x = 3\ny = peek * 2": (2, "no quantity above"),
    "peak = 3\ny = peek * 2": (2, "did you mean `peak`"),
    "x = 3\ny = x * 2": (2, "never used"),
    "x = numbers.ssd_random_red": (1, "did you mean `ssd_random_read`"),
    "x = 1e999": (1, "too large"),
}


@pytest.mark.parametrize("source", FAULTS)
def test_a_fault_names_its_line_and_its_mend(source):
    line, message = FAULTS[source]
    quotes = [] if message == "never used" else [(99, "y")] * ("\ny =" in source)
    found = problems([(1, source)], quotes)
    assert [at for at, _ in found] == [line]
    assert message in found[0][1]


@pytest.mark.parametrize(
    "expression",
    [
        "__import__('os').system('true')", "(lambda: 1)()", "[1][0]", "x.real", "x.__class__", "'a' * 3", "f'{x}'",
        "x if x else 2", "x and 2", "x < 2", "True", "1j", "...", "x @ x", "x // 2", "x % 2", "x << 2", "~x", "not x",
        "open('f')", "eval('1')", "min(*[1])", "max(x, key=x)", "pow(x, 2)", "(y := 3)", "{x}", "x[0]", "await x",
        "9 ** 9 ** 9 ** 9", "-1 ** 0.5 ** -9e999", "1e200 * 1e200", "log(0)", "sqrt(-1)", "exp(1e6)", "1 / (x - x)",
        "x" + "+x" * 300, "x +", "x; x", "import os", "(-8) ** 0.5", "0 ** -1",
    ],
)  # fmt: skip
def test_nothing_but_arithmetic_is_computed(expression):
    found = problems([(1, f"x = 3\ny = {expression}")], [(3, "y")])
    assert [at for at, _ in found] == [2], found


@settings(max_examples=500, deadline=None, derandomize=True)
@given(st.text("xy10=+-*/()[]{}.,:#|%<>'_@ \n\tKMGB\u00b5\u00e9\\", max_size=60))
def test_any_text_is_read_or_refused_and_never_breaks(text):
    sheet = Sheet()
    sheet.add(1, f"x = 3\n{text}\ny = {text}")
    sheet.quote(9, text)
    assert all(line and message for line, message in sheet.finish())


def test_faults_of_quotes():
    block = (1, "store = 3 TB\nrate = 5 request/s")
    found = problems([block], [(7, "store | GB | 3"), (8, "stoer"), (9, "rate | GB"), (10, "store | | 16"),
                               (11, "store | parsec"), (12, "store || 2"), (13, r"store \| GiB"),
                               (14, "rate | request/day | 2")])  # fmt: skip
    assert [at for at, _ in found] == [8, 9, 10, 11]
    for (_, message), part in zip(
        found, ("`store`", "quote it in such a unit", "1 to 15", "no unit `parsec`"), strict=True
    ):
        assert part in message


def test_one_slip_is_one_finding():
    """Lines and quotes that use a faulty line are not reported as well."""
    source = "a = 3 usr\nb = a * 2 -> user\nc = b / 3 -> user\nd = 2\ne = a * d -> user"
    assert [at for at, _ in problems([(5, source)], [(1, "c"), (2, "b | user | 2"), (3, "e")])] == [5]


# --- Figures in the text ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "It takes 5 ms.", "About 12 GB of memory", "20% of users", "$3.20 an hour", "1.5 million rows", "100 M",
        "3 TB/day",
        "- 40 requests/s", "| size | 4 TB |", "First.[^a] Then 5 ms.", "see [the 4 GB](x.md) index",
        "10,000 users a day",
    ],
)  # fmt: skip
def test_a_bare_figure_is_found(text):
    assert [at for at, _ in unaccounted([(1, "Words."), (2, ""), (3, text)])] == [3]


@pytest.mark.parametrize(
    "text",
    [
        "It takes {{ step | ms }}.", "It takes 5 ms.[^a]", "Published: 12 GB [^a].", "`5 ms` in code", "two towers",
        "p99 and v2",
        "a 128-dimensional vector", "8-bit codes", "in 2024", "stage 3", "16:9", "5x", "[a](x-5ms.md)",
        "the top 100", "H100s",
        "5% of\nusers, says the paper.[^a]",
    ],
)  # fmt: skip
def test_what_is_accounted_for_is_let_be(text):
    assert list(unaccounted(list(enumerate(text.split("\n"), 1)))) == []


def test_a_figure_is_reported_on_its_own_line():
    lines = ["One sentence", "over 2 lines with 3 GB", "in it. Another", "has 4 ms.[^a]", "", "A third: 9 TB."]
    assert [at for at, _ in unaccounted(list(enumerate(lines, 1)))] == [2, 6]


# --- Numbers to know ----------------------------------------------------------------------------------------------


def test_the_guides_numbers_are_sound():
    text = NUMBERS.read_text("utf-8")
    assert list(number_problems(text)) == []
    assert len(numbers()) > 40


NUMBER = """sources:
  paper: {title: A paper, url: "https://example.org", date: 2026-01-31}
Latency:
  read: {what: A read, value: 5 us, source: paper, confidence: reported}
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (", source: paper", ", date: 2026-01-31", "no source"), ("https:", "ftp:", "no source"),
        ("reported", "true", "write reported"),
        ("2026-01-31", "soon", "no date"), ("5 us", "fast", "write a number"), ("5 us", "5 parsec", "no unit"),
        ("reported", "assumed", ""),
    ],
)  # fmt: skip
def test_an_entry_without_source_date_or_unit_is_found(old, new, message):
    found = list(number_problems(NUMBER.replace(old, new)))
    assert [at for at, _ in found] == ([4] if message else [])
    assert all(message in text for _, text in found)


def test_an_old_entry_is_warned_of():
    assert list(number_warnings(NUMBER, date(2027, 1, 31))) == []
    ((at, message),) = number_warnings(NUMBER, date(2027, 2, 1))
    assert at == 4
    assert "`read` is of 2026-01-31" in message


def test_an_estimate_takes_a_number_by_name_and_shows_its_source():
    html = render(fence("read = numbers.ssd_random_read  # cold\ntwice = read * 2 -> us") + "\n{{ twice }}")
    entry = numbers()["ssd_random_read"]
    assert f'<a href="{entry.url}">' in html
    assert "cold; reported, <a" in html
    assert ">200\u00a0µs</span>" in html


def test_the_numbers_fence_shows_a_group():
    html = render("```numbers\nLatency\n```")
    for entry in numbers().values():
        assert (f"<code>{entry.name}</code>" in html) == (entry.group == "Latency")
    with pytest.raises(EstimateError, match=r"line 2 .* no group `Latnecy`"):
        render("```numbers\nLatnecy\n```")


# --- The extension ------------------------------------------------------------------------------------------------

BLOCK = fence("users = 10 M user  # assumed <b>\nrate = 20 request/user/day\nqps = users * rate -> request/s")


def texts(html: str) -> list[str]:
    return [text.replace("\u00a0", " ") for text in re.findall(r'class="estimate-quote"[^>]*>([^<]*)<', html)]


def test_a_block_is_a_complete_table_without_a_script():
    html = render(BLOCK + "\n{{ qps }}").replace("\u00a0", " ")
    cells = re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", html)
    assert cells == ["Quantity", "Value", "How it is computed", "Note",
                     "users", "10 M users", "given", "assumed &lt;b&gt;",
                     "rate", "20 requests/user/day", "given", "",
                     "qps".upper(), "2,310 requests/s", "users × rate", ""]  # fmt: skip
    assert 'aria-label="Estimate: users to QPS"' in html


def test_quotes_may_come_first_and_in_every_kind_of_text():
    text = f"""Before: {{{{ qps }}}}, *{{{{ qps | request/day | 2 }}}}*.

- item {{{{ qps }}}}

| a | b |
| --- | --- |
| {{{{ qps | request/s | 2 }}}} | {{{{ qps \\| request/day }}}} |

1. step

    {BLOCK.replace(chr(10), chr(10) + "    ")}
    then {{{{users}}}}
"""
    html = render(text, "tables", "attr_list", "pymdownx.superfences")
    assert texts(html) == ["2,310 requests/s", "200 M requests/day", "2,310 requests/s", "2,300 requests/s",
                           "200 M requests/day", "10 M users"]  # fmt: skip
    assert html.count("<td>") == 2
    assert re.search(r"<li>\s*<p>step</p>\s*<div class=\"estimate\">", html)


@pytest.mark.parametrize(
    "text",
    [
        "`{{ qps | s }}`", "    {{ qps | s }}", "```text\n{{ qps | s }}\n```", "~~~\n{{ x }}\n~~~", "{ qps }",
        "{{ page.title }}",
        "{{}}", "{% if x %}", "$\\frac{{1}}{{2}}$", "````markdown\n```estimate\nx = {{ y }}\n```\n````",
    ],
)  # fmt: skip
def test_code_and_other_braces_are_left_alone(text):
    html = render(text, "pymdownx.superfences")
    assert "estimate" not in re.sub(r"```estimate", "", html)
    for piece in re.findall(r"\{[^`]*\}", text):
        assert piece.replace("\\", "\\") in html


def test_a_page_at_fault_fails_with_every_line():
    with pytest.raises(EstimateError) as caught:
        render("{{ qpz }}\n\n" + fence("a = 3 usr\nqps = 5 request/s\nidle = qps * 2 -> request/s"))
    message = str(caught.value)
    for part in (
        "line 1 below the front matter: {{ qpz }}",
        "`qps`?",
        "line 4 ",
        "`user`?",
        "line 6 ",
        "`idle` is never",
    ):
        assert part in message


def test_a_block_left_open_fails():
    with pytest.raises(EstimateError, match=r"line 3 .* not closed"):
        render("text\n\n```estimate\nx = 3\n")


def test_pages_do_not_share_names():
    md = Markdown(extensions=["scripts.estimate"])
    md.convert(BLOCK + "{{ qps }}")
    md.reset()
    with pytest.raises(EstimateError, match="no quantity of this page"):
        md.convert("{{ qps }}")


def test_mkdocs_fails_with_the_page_and_without_a_traceback(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/index.md").write_text("---\ntitle: A\n---\n# A\n\n" + fence("a = 3 usr"), "utf-8")
    (tmp_path / "mkdocs.yml").write_text("site_name: a\nmarkdown_extensions: [scripts.estimate]\n", "utf-8")
    done = subprocess.run([sys.executable, "-m", "mkdocs", "build", "-f", tmp_path / "mkdocs.yml"],
                          cwd=ROOT, capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 1
    assert "index.md" in done.stderr
    assert "line 4 below the front matter: there is no unit `usr`: did you mean `user`?" in done.stderr
    assert "Traceback" not in done.stderr


def test_units_are_few_and_quickly_made():
    """The guide's registry has none of pint's own thousand units."""
    assert "parsec" not in registry()
    assert unit("metre").factor == 1
    assert len(list(registry())) < 700
