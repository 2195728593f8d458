"""What is taken out of the built site is not missed: estimates still answer, and every rule that can match is there."""

import re
from pathlib import Path

import pytest
import tinycss2
from playwright.sync_api import Browser

from scripts import shrink
from tests.conftest import build

CASE = "case-studies/ad-click-prediction"


def test_estimates_move():
    html = (
        '<tr role="row" data-name="a" data-value="1.0" data-given="1"><th></th></tr>'
        '<tr role="row" data-name="b" data-unit="#&quot;|#" data-program="a 2 *"></tr><tr role="row"><td></td></tr>'
        '<span class="estimate-quote" data-quote="b" data-scaled="">2</span>'
        '<button type="button" class="estimate-play">Change</button>'
    )
    left, data = shrink.estimates(html, "x.js")
    assert left == (
        '<tr role="row" data-given><th></th></tr><tr role="row" data-program></tr><tr role="row"><td></td></tr>'
        '<span class="estimate-quote">2</span><button type="button" class="estimate-play" data-from="x.js">'
        "Change</button>"
    )
    assert data == [
        {"name": "a", "value": "1.0", "given": "1"},
        {"name": "b", "unit": '#"|#', "program": "a 2 *"},
        {"quote": "b", "scaled": ""},
    ]


@pytest.mark.parametrize(
    ("rule", "kept"),
    [
        (".here{a:b}", ".here{a:b}"),
        (".gone{a:b}", ""),
        (".here .gone,p>.here,a{a:b}", "p>.here,a{a:b}"),
        (".here:not(.gone):is(.gone,a){a:b}", ".here:not(.gone):is(.gone,a){a:b}"),
        ("[data-here=gone]{a:b}[data-here]{a:b}[data-here=here]{a:b}", "[data-here]{a:b}[data-here=here]{a:b}"),
        ("@media print{.gone{a:b}.here{a:b}}@media screen{.gone{a:b}}", "@media print{.here{a:b}}"),
        ("@font-face{a:b}@keyframes gone{from{a:b}}", "@font-face{a:b}@keyframes gone{from{a:b}}"),
        (':root{--x:url("data:,.gone{}")}', ':root{--x:url("data:,.gone{}")}'),
    ],
)
def test_rules_that_can_match_stay(rule, kept):
    rules = tinycss2.parse_stylesheet(rule)
    assert tinycss2.serialize(shrink.matching(rules, {"here", "data-here"})) == kept


def test_what_is_laid_out_keeps_its_lines():
    assert shrink.packed("<p>\n  a\n\n</p>\n<pre>\n  b\n\n c</pre>\n") == "<p>\na\n</p>\n<pre>\n  b\n\n c</pre>\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("shrunk") / "guide", OFFLINE="true")


def test_every_number_of_the_pages_has_moved(folder: Path):
    pages = [path for path in folder.rglob("*.html") if shrink.PLAY in path.read_text("utf-8")]
    assert len(pages) > 20
    for path in pages:
        assert not re.search(r" data-(?:name|quote|factor)=", path.read_text("utf-8")), path
        assert path.with_suffix(".estimates.js").is_file()


def test_estimates_answer_when_asked(folder: Path, browser: Browser):
    """Nothing is loaded for them before, unless the address brings an input."""
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
    page.goto((folder / f"{CASE}.html").as_uri())
    page.wait_for_load_state("networkidle")
    assert not [name for name in asked if re.search(r"estimates?\.js", name)]
    buttons = page.get_by_role("button", name="Change the inputs")
    block = page.locator(".estimate", has=page.get_by_role("button")).nth(1)
    first = block.locator("tr[data-given] th").first.inner_text()
    block.get_by_role("button").click()
    page.locator(".estimate input").first.wait_for()
    assert page.evaluate("document.activeElement.getAttribute('aria-label')").startswith(first)
    assert page.locator(".estimate-changed").count() == buttons.count() == 0
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("12345")
    assert page.locator(".estimate-changed").count() > 1
    page.goto(page.locator(".estimate-link").first.get_attribute("href"))
    assert page.locator(".estimate-changed input").input_value() == "12345"
    page.close()
