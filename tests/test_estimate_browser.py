"""Estimates in a browser: Python's numbers, fields that answer, errors that explain, a strict content policy."""

import random
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import material
import pytest
from axe_playwright_python.sync_playwright import Axe
from markdown import Markdown
from playwright.sync_api import Browser, Locator, Page, Route

from scripts import shrink
from scripts.estimate import Quantity, Sheet, run
from scripts.units import Fault

ROOT = Path(__file__).parent.parent
THEME = Path(material.__file__).parent / "templates/assets/stylesheets"
FILES = {path.name: path for path in [*(ROOT / "docs/assets").glob("*/*.*"), *THEME.glob("*.css")]}
STYLES = [name for name in FILES if name.startswith(("main.", "palette."))] + ["guide.css", "estimate.css"]
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; form-action 'none'; base-uri 'none'"


def serve(page: Page, body: str, query: str = "", scheme: str = "default", play: bool = True) -> list[str]:
    """Open a page of this HTML under a policy that allows no inline script or style; returns its complaints."""
    complaints: list[str] = []
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    links = "".join(f'<link rel="stylesheet" href="/{name}">' for name in STYLES)
    html = (
        f'<!doctype html><html lang="en"><title>t</title><meta name="viewport" content="width=device-width">{links}'
        f'<body data-md-color-scheme="{scheme}"><main class="md-typeset"><h1>t</h1>{body}</main>'
        '<script src="/estimate.js"></script>'
    )

    def answer(route: Route) -> None:
        name = urlsplit(route.request.url).path[1:]
        if name == "page":
            route.fulfill(
                body=html, headers={"content-type": "text/html; charset=utf-8", "content-security-policy": POLICY}
            )
        else:
            route.fulfill(path=FILES[name])

    page.route("**/*", answer)
    page.goto(f"http://guide.test/page{query}")
    if play:
        page.evaluate("playEstimates()")
    return complaints


def render(text: str) -> str:
    return Markdown(extensions=["scripts.estimate"]).convert(text)


TEXT = """
At peak {{ peak_qps }}, or {{ peak_qps | request/day | 2 }}, on {{ machines }}.

```estimate
users = 10 M user  # assumption
rate = 20 request/user/day
factor = 3
peak_qps = users * rate * factor -> request/s
```

```estimate
each = 400 request/s/machine
share = 60%
machines = ceil(peak_qps / (each * share)) -> machine
price = 2.5 dollar/hour/machine
cost = machines * price -> dollar/hour
```

{{ cost }} an hour.
"""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    complaints = serve(page, render(TEXT))
    yield page
    assert complaints == []
    page.close()


def field(page: Page, name: str) -> Locator:
    return page.locator(f"tr[data-name={name}] input")


def text(page: Page, selector: str) -> str:
    return spaced(page.locator(selector).first.inner_text())


def quotes(page: Page) -> list[str]:
    return [spaced(quote) for quote in page.locator(".estimate-quote").all_inner_texts()]


def spaced(text: str) -> str:
    return text.replace("\u00a0", " ")


# --- The same numbers --------------------------------------------------------------------------------------------

# For each case, types the inputs and reads back every result, as the text that readers would see.
TYPE_AND_READ = """cases => cases.map(inputs => {
  for (const [name, text] of Object.entries(inputs)) {
    const field = document.querySelector(`tr[data-name="${name}"] input`);
    field.value = text;
    field.dispatchEvent(new Event("input"));
  }
  const found = {};
  for (const quote of document.querySelectorAll("[data-digits]")) found[quote.dataset.quote] = quote.textContent;
  return [found, document.querySelectorAll("[aria-invalid]").length];
})"""


def number(text: str) -> float:
    """A number with 15 digits, as the page writes it."""
    mantissa, _, power = text.replace("−", "-").replace(",", "").partition(" × 10")
    mantissa, _, scale = mantissa.partition("\u00a0")
    exponent = int(power.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))) if power else 0
    return float(mantissa) * 10**exponent * {"": 1, "K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}[scale]


def recompute(quantities: list[Quantity], typed: dict[str, float]) -> dict[str, float]:
    """Every quantity in base units, with these factors on the inputs."""
    values: dict[str, float] = {}
    for quantity in quantities:
        given = quantity.value * typed.get(quantity.name, 1.0)
        values[quantity.name] = run(quantity.program, values) if quantity.program else given
    return values


def compare(browser: Browser, sheet: Sheet, html: str, cases: int, chance: random.Random) -> int:
    """Check a page at its defaults and at random inputs; returns how many results were compared."""
    quantities = list(sheet.quantities.values())
    inputs = [quantity for quantity in quantities if not quantity.program]
    spans = "".join(
        f'<span data-quote="{quantity.name}" data-factor="1" data-unit="#|#" data-digits="15"></span>'
        for quantity in quantities
        if quantity.program
    )
    plans: list[tuple[dict[str, str], dict[str, float]]] = [({}, recompute(quantities, {}))]
    while len(plans) < cases:
        factors = {quantity.name: chance.choice([0.5, 0.75, 1.25, 2, 3]) for quantity in inputs}
        try:
            expected = recompute(quantities, factors)
        except (ArithmeticError, ValueError):
            continue  # the page would refuse this too; how, another test shows
        units = {quantity.name: quantity.unit.factor for quantity in inputs}
        plans.append(({name: repr(expected[name] / units[name]) for name in factors}, expected))
    page = browser.new_page()
    complaints = serve(page, html + spans)
    compared = 0
    for (found, invalid), (typed, expected) in zip(
        page.evaluate(TYPE_AND_READ, [p[0] for p in plans]), plans, strict=True
    ):
        assert not invalid, typed
        for name, shown in found.items():
            assert number(shown) == pytest.approx(expected[name], rel=1e-9, abs=1e-300), (name, typed)
            compared += 1
    assert complaints == []
    page.close()
    return compared


def chapters() -> list[Path]:
    pages = [path for path in (ROOT / "docs").rglob("*.md") if "templates" not in path.parts]
    return sorted(path for path in pages if "\n```estimate\n" in path.read_text("utf-8"))


@pytest.mark.parametrize("path", chapters(), ids=lambda path: path.stem)
def test_every_block_of_the_guide_gives_pythons_numbers(browser, path):
    sheet = Sheet()
    source = re.sub(r"^````.*?^````$", "", path.read_text("utf-8"), flags=re.M | re.S)
    blocks = re.findall(r"^```estimate\n(.*?)^```$", source, re.M | re.S)
    for block in blocks:
        sheet.add(1, block)
    names = [quantity.name for quantity in sheet.quantities.values() if quantity.program]
    fences = "\n".join(f"```estimate\n{block}```\n" for block in blocks)
    html = render(fences + " ".join(f"{{{{ {name} }}}}" for name in names))
    assert compare(browser, sheet, html, 10, random.Random(path.stem)) == 10 * len(names)


def expression(chance: random.Random, depth: int) -> str:
    if not depth or chance.random() < 0.15:
        return chance.choice(["a", "b", "c", "d", "2", "0.3", "1e3"])
    inner = [expression(chance, depth - 1) for _ in range(2)]
    kind = chance.randrange(4)
    if kind < 2:
        return f"({inner[0]} {chance.choice('+-*/')} {inner[1]})"
    if kind == 2:
        return f"{chance.choice(['min', 'max'])}({inner[0]}, {inner[1]}, 7)"
    one = f"{chance.choice(['sqrt', 'log', 'log2', 'exp', 'ceil', 'floor', '-'])}({inner[0]})"
    return chance.choice([one, f"({inner[0]}) ** {chance.choice(['2', '0.5', '-1', 'a'])}"])


def test_random_programs_give_pythons_numbers(browser):
    chance = random.Random(20261121)
    sheet = Sheet()
    source = "a = 1.5\nb = 20%\nc = 3 K\nd = 1,234.5"
    sheet.add(1, source)
    while len(sheet.quantities) < 124:
        line = f"x{len(sheet.quantities)} = {expression(chance, 4)}"
        sheet.problems.clear()
        sheet.broken.clear()
        if "(" in line and sheet.add(1, line):
            try:  # one that fails near the defaults would only make cases rare
                for factors in ({"a": 0.5, "b": 3, "c": 0.5, "d": 3}, {"a": 3, "b": 0.5, "c": 3, "d": 0.5}):
                    recompute(list(sheet.quantities.values()), factors)
                source += f"\n{line}"
            except (ArithmeticError, ValueError, Fault):
                del sheet.quantities[line.split()[0]]
    names = [name for name in sheet.quantities if name.startswith("x")]
    html = render(f"```estimate\n{source}\n```\n" + " ".join(f"{{{{ {name} }}}}" for name in names))
    assert compare(browser, sheet, html, 20, chance) == 20 * 120


def test_the_first_sight_is_the_text_of_the_page(page):
    """The script writes what Python wrote, so nothing is marked and no word moves."""
    static = re.findall(r"data-program[^>]*><th[^>]*>[^<]*</th><td[^>]*>([^<]*)<", render(TEXT))
    assert page.locator("tr[data-program] td:nth-child(2)").all_text_contents() == static
    assert page.locator(".estimate-changed").count() == 0
    assert quotes(page) == ["6,940 requests/s", "600 M requests/day", "29 machines", "$72.50/hour"]


# --- Fields that answer ------------------------------------------------------------------------------------------


def test_a_change_reaches_every_result_and_quote_and_is_marked(page):
    field(page, "users").fill("50 M")
    assert quotes(page) == ["34.7 K requests/s", "3 B requests/day", "145 machines", "$363/hour"]
    assert text(page, "tr[data-name=cost] td") == "$363/hour"
    changed = page.locator(".estimate-changed").evaluate_all(
        "all => all.map(e => e.dataset.quote ?? e.closest('tr').dataset.name)"
    )
    assert sorted(changed) == ["cost", "cost", "machines", "machines", "peak_qps", "peak_qps", "peak_qps", "users"]
    assert spaced(page.locator("[data-quote=machines]").get_attribute("title")) == "was 29 machines"


@pytest.mark.parametrize(
    ("typed", "machines"), [("20M", "58"), ("2e7", "58"), ("20,000,000", "58"), ("0.02 B", "58"), (" 20 M ", "58")]
)
def test_numbers_may_be_typed_as_people_write_them(page, typed, machines):
    field(page, "users").fill(typed)
    assert text(page, "[data-quote=machines]") == f"{machines} machines"


def test_a_percentage_may_carry_its_sign(page):
    for typed in ("30", "30%", "30 %"):
        field(page, "share").fill(typed)
        assert text(page, "[data-quote=machines]") == "58 machines"


def test_one_is_singular(browser):
    page = browser.new_page()
    serve(page, render("```estimate\nn = 2 machine\nm = n * 3 -> machine\n```\n{{ m }}"))
    cell = page.locator("tr[data-name=n] td").first
    assert spaced(cell.inner_text()).strip() == "machines"
    field(page, "n").fill("1")
    assert spaced(cell.inner_text()).strip() == "machine"
    page.close()


def test_reset_puts_everything_back(page):
    before = page.locator("main").inner_text()
    field(page, "users").fill("50 M")
    field(page, "share").fill("x")
    page.get_by_role("button", name="Reset").last.click()
    assert page.locator(".estimate-changed, [aria-invalid]").count() == 0
    assert field(page, "users").input_value() == "10 M"
    after = page.locator("main").inner_text()
    assert after.replace("All results as given.", "").split() == before.split()


def test_the_link_carries_what_was_changed(browser, page):
    field(page, "users").fill("50 M")
    field(page, "share").fill("55")
    address = page.get_by_role("link", name="Link to these inputs").first.get_attribute("href")
    assert address == "http://guide.test/page?users=50+M&share=55"
    page.get_by_role("link", name="Link to these inputs").first.click()
    assert page.url == address
    assert page.get_by_role("link").first.inner_text() == "The link is in the address bar"
    field(page, "factor").fill("4")
    assert page.get_by_role("link").first.get_attribute("href") == address + "&factor=4"
    field(page, "factor").fill("3")
    other = browser.new_page()
    assert serve(other, render(TEXT), "?users=50+M&share=55&h=word#part") == []
    assert field(other, "users").input_value() == "50 M"
    assert quotes(other) == quotes(page)
    assert (
        other.get_by_role("link", name="Link").first.get_attribute("href").endswith("?users=50+M&share=55&h=word#part")
    )
    other.close()


@pytest.mark.parametrize(
    ("name", "typed", "message"),
    [
        ("users", "many", "Write a number, such as 10 M or 1.5 K."), ("users", "", "Write a number"),
        ("users", "1,5", "Write a number"),
        ("users", "10 GB", "Write a number"), ("users", "<b>1", "Write a number"),
        ("each", "0", "With this, machines has no result."),
        ("share", "1e-999", "With this, machines has no result."), ("users", "1e999", "has no result"),
    ],
)  # fmt: skip
def test_a_bad_entry_is_explained_beside_it_and_breaks_nothing(page, name, typed, message):
    before = quotes(page)
    field(page, name).fill(typed)
    error = page.locator(f"#estimate-{name}-error")
    assert message in error.inner_text()
    assert field(page, name).get_attribute("aria-invalid") == "true"
    assert field(page, name).get_attribute("aria-describedby") == f"estimate-{name}-error"
    assert quotes(page) == before
    field(page, name).blur()
    assert message in " ".join(page.get_by_role("status").all_inner_texts())
    field(page, "factor").fill("6")
    assert text(page, "[data-quote=peak_qps]") == "13.9 K requests/s"
    field(page, name).fill({"users": "10 M", "each": "400", "share": "60"}[name])
    assert error.is_hidden()
    assert page.locator("[aria-invalid], [aria-describedby]").count() == 0
    assert text(page, "[data-quote=machines]") == "58 machines"


def test_an_entry_is_taken_once_another_makes_it_possible(browser):
    page = browser.new_page()
    serve(page, render("```estimate\na = 5\nb = 3\nc = sqrt(a - b)\n```\n{{ c }}"))
    field(page, "a").fill("2")
    assert page.locator("#estimate-a-error").is_visible()
    field(page, "b").fill("1")
    assert page.locator("[aria-invalid]").count() == 0
    assert quotes(page) == ["1"]
    page.close()


def test_keyboard_and_screen_readers(page):
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "users, users"
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("20 M")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "rate, requests/user/day"
    status = spaced(page.get_by_role("status").first.inner_text())
    assert status == "Changed: peak QPS 13.9 K requests/s, machines 58 machines, cost $145/hour."
    focusable = page.locator("input, button, .estimate-tools a").count()
    assert focusable == 6 + 2 * 2
    tree = page.locator(".estimate").first.aria_snapshot()
    assert 'table "Estimate: users to peak QPS"' in tree
    assert 'rowheader "peak QPS"' in tree


def test_it_starts_again_on_the_next_page_of_instant_navigation(page):
    page.evaluate("playEstimates()")
    assert page.locator(".estimate-tools").count() == 2
    assert page.locator("input").count() == 6
    page.evaluate(
        "html => { document.querySelector('main').innerHTML = html; playEstimates() }",
        render("```estimate\nz = 3\ny = z * 2\n```\n{{ y }}"),
    )
    field(page, "z").fill("4")
    assert quotes(page) == ["8"]


def test_data_from_a_file(page):
    """In a built page the elements' attributes are in a list; see scripts/shrink.py."""
    html, data = shrink.estimates(render(TEXT), "estimates.js")
    page.evaluate(
        "([html, data]) => { document.querySelector('main').innerHTML = html; playEstimates(data) }", [html, data]
    )
    field(page, "users").fill("50 M")
    assert quotes(page) == ["34.7 K requests/s", "3 B requests/day", "145 machines", "$363/hour"]


# --- Without a script, on paper, on a phone ----------------------------------------------------------------------


def test_complete_without_a_script_and_on_paper(browser):
    context = browser.new_context(java_script_enabled=False)
    bare = context.new_page()
    serve(bare, render(TEXT), play=False)
    assert bare.locator("input, .estimate-tools").count() == 0
    assert "users × rate × factor" in bare.locator(".estimate").first.inner_text()
    context.close()
    page = browser.new_page()
    serve(page, render(TEXT))
    page.emulate_media(media="print")
    assert page.locator(".estimate-tools").first.is_hidden()
    assert page.locator(".estimate thead").first.is_visible()
    assert field(page, "factor").bounding_box()["width"] < 12
    page.close()


@pytest.mark.parametrize("scheme", ["default", "slate"])
@pytest.mark.parametrize("width", [320, 1280])
def test_accessible_in_every_state(browser, scheme, width):
    context = browser.new_context(viewport={"width": width, "height": 800})
    page = context.new_page()
    serve(page, render(TEXT + "\n```numbers\nLatency\n```\n"), scheme=scheme)
    field(page, "users").fill("50 M")
    field(page, "share").fill("none")
    field(page, "share").blur()
    found = Axe().run(page).response["violations"]
    assert [(violation["id"], violation["nodes"][0]["target"]) for violation in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    targets = page.locator(".estimate :is(input, button)")
    assert all(height >= 24 for height in targets.evaluate_all("all => all.map(e => e.getBoundingClientRect().height)"))
    context.close()
