"""The search box finds the right page for what readers type, says where on the page, and never ends nowhere."""

import json
import re
from pathlib import Path
from zipfile import ZipFile

import pytest
import quickjs
from playwright.sync_api import Browser

from scripts import offline, search
from scripts.bench_search import LISTS, asks, distinct
from tests.conftest import ROOT, build

ASSETS = ROOT / "docs/assets"
QUERIES, BLIND = asks("queries"), asks("queries_blind")


@pytest.fixture(scope="module")
def worker(site: Path):
    """Asks the worker as the theme does; gives the results, each a page and its sections."""
    context = quickjs.Context()
    context.eval(
        """globalThis.self = globalThis
        const sent = []
        globalThis.postMessage = message => sent.push(message)
        globalThis.importScripts = () => {}
        globalThis.URL = class { href }"""
    )
    context.eval((ASSETS / "vendor/minisearch.js").read_text("utf-8"))
    context.eval((site / "search/index.js").read_text("utf-8"))
    for name in ("search-engine.js", "search.js"):
        context.eval((ASSETS / "javascripts" / name).read_text("utf-8"))

    def ask(query: str) -> list[list[dict]]:
        context.eval(f"sent.length = 0; onmessage({{ data: {{ type: 2, data: {json.dumps(query)} }} }})")
        while context.execute_pending_job():
            pass
        return json.loads(context.eval("JSON.stringify(sent[0].data.items)"))

    return ask


def locations(results: list[list[dict]]) -> list[str]:
    """The pages of results, as the lists of queries name them."""
    return distinct([page["location"] for page, *_ in results])


def test_enough_queries_of_pages_that_exist():
    assert len(QUERIES) >= 150
    assert len(BLIND) >= 60
    for _, query, pages in QUERIES + BLIND:
        assert pages, query
        for page in pages:
            assert any((ROOT / "docs" / name).is_file() for name in (f"{page}.md", f"{page}/index.md")), (query, page)


def test_the_right_page_is_among_the_first_three(worker):
    missed = []
    for kind, query, pages in QUERIES:
        first = locations(worker(query))[:3]
        if not set(first) & set(pages):
            missed.append(f"{kind}: {query}: {first}, not {pages}")
    assert missed == []


def test_blind_queries_are_others_of_the_same_kinds():
    assert {kind for kind, _, _ in BLIND} == {kind for kind, _, _ in QUERIES}
    assert {query.lower() for _, query, _ in BLIND}.isdisjoint(query.lower() for _, query, _ in QUERIES)


@pytest.mark.parametrize("name", LISTS)
def test_published_rates_do_not_flatter(worker, name: str):
    """A new chapter may move a query or two; when more, run scripts/bench_search.py and publish what it prints."""
    text = (ROOT / "docs/contribute/search.md").read_text("utf-8").partition(f"## {LISTS[name]}\n")[2]
    published, asked = map(int, re.search(r"^[|] all [|] (\d+)/(\d+) ", text, re.M).groups())
    found = [set(locations(worker(query))[:3]) & set(right) for _, query, right in asks(name)]
    assert asked == len(found)
    assert sum(map(bool, found)) >= published - 0.03 * asked


def test_results_name_the_section(worker):
    page, *sections = worker("hedged requests")[0]
    assert page["title"] == "Serving and inference infrastructure"
    assert sections[0]["location"].endswith("#fan-out-and-the-tail")
    assert "<mark data-md-highlight>request</mark>" in sections[0]["text"]


def test_no_query_ends_nowhere(worker):
    for query in ("zzzzqqq", "'; <script>", "½", "the of and"):
        assert worker(query), query
    assert worker("") == worker("  ") == []


def test_text_is_escaped(worker):
    (page, *_), *_ = worker("<zzzzqqq>")
    assert "&lt;zzzzqqq&gt;" in page["text"]


def test_index_is_not_in_the_theme_s_file(site: Path):
    """The theme fetches its own with every page."""
    assert json.loads((site / "search/search_index.json").read_text("utf-8"))["docs"] == []


def test_sections():
    html = (
        '<h1 id="a">A &amp; <em>B</em><a class="headerlink" href="#a">¶</a></h1><p>One\n<b>two</b>.\xa0</p>'
        '<figure class="diagram"><svg>Unseen</svg></figure><h2 class="x" id="c"><code>C</code></h2><td>1</td><td>2</td>'
    )
    assert search.sections(html, "Title") == [("", "A & B", "One two."), ("c", "C", "1 2")]
    assert search.sections("<p>Start</p>" + html, "Title")[:2] == [("", "Title", "Start"), ("a", "A & B", "One two.")]
    assert search.sections("", "Title") == [("", "Title", "")]


def test_search_works_from_a_folder(tmp_path: Path, browser: Browser):
    """Over file:// there are no workers and no requests: the copy for a folder finds, and its links name files."""
    site = build(tmp_path / "guide", OFFLINE="true")
    page = browser.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("requestfailed", lambda request: faults.append(request.url))
    page.goto((site / "framework/index.html").as_uri())
    page.locator(".md-search__input").focus()
    page.keyboard.type("hedged reqests")
    first = page.locator(".md-search-result__item").filter(has_text="Serving and inference").first
    first.locator("a").first.click()
    page.wait_for_url("**/framework/6-serving.html*")
    assert faults == []
    offline.pack(site, tmp_path / "one.zip")
    offline.pack(site, tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with ZipFile(tmp_path / "one.zip") as packed:
        assert "guide/framework/6-serving.html" in packed.namelist()
