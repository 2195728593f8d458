"""The search box finds the right page for what readers type, says where on the page, and never ends nowhere."""

import json
from pathlib import Path
from zipfile import ZipFile

import pytest
import quickjs
import yaml
from playwright.sync_api import Browser

from scripts import offline, search
from tests.conftest import ROOT, build

ASSETS = ROOT / "docs/assets"
KINDS = yaml.safe_load((ROOT / "tests/queries.yml").read_text("utf-8"))
QUERIES = [
    (kind, str(query), pages if isinstance(pages, list) else [pages])
    for kind, queries in KINDS.items()
    for query, pages in queries.items()
]


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
    context.eval((ASSETS / "javascripts/search.js").read_text("utf-8"))

    def ask(query: str) -> list[list[dict]]:
        context.eval(f"sent.length = 0; onmessage({{ data: {{ type: 2, data: {json.dumps(query)} }} }})")
        while context.execute_pending_job():
            pass
        return json.loads(context.eval("JSON.stringify(sent[0].data.items)"))

    return ask


def test_enough_queries_of_pages_that_exist():
    assert len(QUERIES) >= 150
    for _, query, pages in QUERIES:
        assert pages, query
        for page in pages:
            assert any((ROOT / "docs" / name).is_file() for name in (f"{page}.md", f"{page}/index.md")), (query, page)


def test_the_right_page_is_among_the_first_three(worker):
    missed = []
    for kind, query, pages in QUERIES:
        first = [result[0]["location"].strip("/") for result in worker(query)[:3]]
        if not set(first) & set(pages):
            missed.append(f"{kind}: {query}: {first}, not {pages}")
    assert missed == []


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
