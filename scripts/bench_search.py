"""How well the guide's search finds, beside the theme's own search and Pagefind: all three in one run, in Chromium.

The guide's and the theme's are asked through the search box, key press to list; Pagefind, which needs a box of its own,
through its function `search`. What is printed stands in docs/contribute/search.md. Pagefind is no dependency of the
guide; where it is missing the other two are compared.

.venv/bin/python -m scripts.bench_search
"""

import gzip
import importlib.util
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path

import yaml
from mkdocs.commands.build import build
from mkdocs.config import load_config
from playwright.sync_api import Browser, Page, sync_playwright

from scripts.browser import launch
from scripts.chapter import ROOT

OURS, THEME, PAGEFIND = "The guide's", "The theme's", "Pagefind"
LISTS = {"queries": "Queries written with the guide's search at hand", "queries_blind": "Queries written blind"}
ROUNDS = 3
BLANK = "pagefind/blank.html"  # loads nothing of the guide's own

# From the key press, by the event's own clock, to the first change of the result list, with the pages that it names.
WATCH = """() => {
  const box = document.querySelector(".md-search-result")
  let pressed
  document.addEventListener("keydown", event => pressed = event.timeStamp, { capture: true, once: true })
  window.answer = new Promise(resolve => new MutationObserver((_, observer) => {
    const taken = performance.now() - pressed
    observer.disconnect()
    const links = [...box.querySelectorAll(".md-search-result__item")].map(item => item.querySelector("a"))
    resolve([taken, links.map(link => new URL(link.href).pathname)])
  }).observe(box, { childList: true, subtree: true }))
}"""
# Five, which is what Pagefind's own box shows at first
PAGEFINDS = """async query => {
  const { search } = await import("/pagefind/pagefind.js")
  const { results } = await search(query)
  return (await Promise.all(results.slice(0, 5).map(result => result.data()))).map(page => page.url)
}"""

Asks = Callable[[str], list[str]]


def main() -> None:
    """Build, ask, and print the tables."""
    found: dict[str, dict[str, list[str]]] = {}  # by search and query, the pages
    weights: dict[str, tuple[float, float]] = {}
    times: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = launch(playwright)
        versions = [f"Chromium {browser.version}", f"Material for MkDocs {version('mkdocs-material')}", minisearch()]
        sites = {OURS: guide(Path(folder) / "guide"), THEME: plain(Path(folder))}
        for name, site in sites.items():
            found[name], weights[name], times[name] = through_the_box(browser, site)
        if importlib.util.find_spec("pagefind"):
            versions.append(f"Pagefind {version('pagefind')}")
            found[PAGEFIND], weights[PAGEFIND] = through_pagefind(browser, sites[OURS])
        else:
            print('Without Pagefind; to have it: .venv/bin/uv pip install "pagefind[bin]"\n')
        browser.close()
    print(f"{date.today():%d %B %Y}: {', '.join(versions)}\n")
    for name, title in LISTS.items():
        print(f"## {title}\n\n{rates(asks(name), found)}\n")
        print(f"Missed by the guide's:\n\n{missed(asks(name), found[OURS])}\n")
    print(costs(weights, times))


# The queries --------------------------------------------------------------------------------------------------------


def asks(name: str) -> list[tuple[str, str, list[str]]]:
    """A list of queries as (kind, query, pages of which one should be found)."""
    kinds = yaml.safe_load((ROOT / f"tests/{name}.yml").read_text("utf-8"))
    return [
        (kind, str(query), pages if isinstance(pages, list) else [pages])
        for kind, queries in kinds.items()
        for query, pages in queries.items()
    ]


def queries() -> list[str]:
    """All queries of both lists."""
    return [query for name in LISTS for _, query, _ in asks(name)]


def distinct(addresses: list[str]) -> list[str]:
    """Addresses as the lists of queries name pages, each once, in order."""
    return list(dict.fromkeys(address.strip("/") for address in addresses))


def rates(asked: list[tuple[str, str, list[str]]], found: dict[str, dict[str, list[str]]]) -> str:
    """A Markdown table: of each kind, how many queries have a right page among the first three; and in first place."""

    def cell(kinds: set[str], pages: dict[str, list[str]], places: int) -> str:
        chosen = [(query, right) for kind, query, right in asked if kind in kinds]
        hits = sum(bool(set(pages[query][:places]) & set(right)) for query, right in chosen)
        return f"{hits}/{len(chosen)} ({100 * hits / len(chosen):.0f}%)"

    kinds = list(dict.fromkeys(kind for kind, _, _ in asked))
    rows = [(kind, {kind}, 3) for kind in kinds] + [("all", set(kinds), 3), ("all, in first place", set(kinds), 1)]
    lines = [f"| Kind | {' | '.join(found)} |", "| --- |" + " ---: |" * len(found)]
    for title, chosen, places in rows:
        cells = [cell(chosen, pages, places) for pages in found.values()]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def missed(asked: list[tuple[str, str, list[str]]], pages: dict[str, list[str]]) -> str:
    """A Markdown table of the queries without a right page among the first three."""
    lines = [
        f"| {kind} | {query} | {', '.join(page or 'home' for page in pages[query][:3])} | {', '.join(right)} |"
        for kind, query, right in asked
        if not set(pages[query][:3]) & set(right)
    ]
    return "\n".join(["| Kind | Query | Found | Right |", "| :--- | :--- | :--- | :--- |", *lines])


# The sites ----------------------------------------------------------------------------------------------------------


def guide(site: Path) -> Path:
    """The guide as it is."""
    command = (sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(site))
    subprocess.run(command, cwd=ROOT, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}, check=True)
    return site


def plain(folder: Path) -> Path:
    """The same Markdown with the theme's search as it comes: without our templates and hooks."""
    site, templates = folder / "plain", folder / "templates"
    templates.mkdir()
    (templates / "home.html").write_text('{% extends "main.html" %}', "utf-8")  # docs/index.md asks for it
    theme = {"name": "material", "custom_dir": str(templates), "features": ["search.highlight", "search.suggest"]}
    settings = {"theme": theme, "plugins": ["search", "tags"], "hooks": [], "site_dir": str(site)}
    build(load_config(str(ROOT / "mkdocs.yml"), **settings))
    return site


def pagefind(site: Path) -> None:
    """Index the pages with Pagefind's defaults; what the theme's search is told to leave out stays out here too."""
    chosen = ("--site", str(site), "--glob", "**/index.html", "--exclude-selectors", "[data-search-exclude]")
    subprocess.run((sys.executable, "-m", "pagefind", "--silent", *chosen), check=True)
    (site / BLANK).write_text("<!doctype html>", "utf-8")


def minisearch() -> str:
    """Name and version of the engine behind the guide's search."""
    notes = (ROOT / "docs/assets/vendor/README.md").read_text("utf-8")
    return f"MiniSearch {re.search(r'^[|] `minisearch.js`.*?[|] ([0-9.]+) [|]', notes, re.M)[1]}"


@contextmanager
def serve(site: Path) -> Iterator[tuple[str, set[str]]]:
    """Serve a site on a free port of the loopback; the address, and the paths asked for so far."""
    asked: set[str] = set()

    class Handler(SimpleHTTPRequestHandler):
        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            asked.add(self.path.partition("?")[0])

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: a browser asks for more than there is."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/", asked
        server.shutdown()


# Asking -------------------------------------------------------------------------------------------------------------


def visit(browser: Browser, url: str) -> Page:
    """A page with its search box open and nothing in the browser's cache."""
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.goto(url, wait_until="networkidle")
    page.locator(".md-search__input").focus()
    page.wait_for_load_state("networkidle")
    return page


def press(page: Page, query: str) -> tuple[float, list[str]]:
    """Put a query into the box and press its last key: milliseconds until its results are there, and their pages."""
    page.locator(".md-search__input").fill(query[:-1])  # asks nothing: the theme waits for a key
    page.evaluate(WATCH)
    page.keyboard.press(query[-1])
    taken, addresses = page.evaluate("answer")
    return taken, distinct(addresses)


def through_the_box(browser: Browser, site: Path) -> tuple[dict[str, list[str]], tuple[float, float], list[float]]:
    """What a site's search box finds; kilobytes before and with the first query; milliseconds of it and of the others.

    The first query is the median of five visits, each other one of `ROUNDS` with engine and index loaded.
    """
    with serve(site) as (url, asked):
        page = visit(browser, url)
        before = kilobytes(site, asked)
        first = [press(page, "a search")[0]]
        with_query = kilobytes(site, asked) - before
        first += [press(visit(browser, url), "a search")[0] for _ in range(4)]
        rounds = [[press(page, query) for query in queries()] for _ in range(ROUNDS)]
    found = {query: pages for query, (_, pages) in zip(queries(), rounds[0], strict=True)}
    taken = [statistics.median(time for time, _ in answers) for answers in zip(*rounds, strict=True)]
    return found, (before, with_query), [statistics.median(first), *taken]


def through_pagefind(browser: Browser, site: Path) -> tuple[dict[str, list[str]], tuple[float, float]]:
    """What Pagefind finds in a site; kilobytes before and with the first query."""
    pagefind(site)
    with serve(site) as (url, asked):
        page = browser.new_page()
        page.goto(url + BLANK)
        page.evaluate(PAGEFINDS, "a search")
        weight = kilobytes(site, asked)
        return {query: distinct(page.evaluate(PAGEFINDS, query)) for query in queries()}, (0, weight)


def kilobytes(site: Path, asked: set[str]) -> float:
    """The weight of the search's files among those asked for, as a host sends them: with gzip where that helps."""
    files = [site / path[1:] for path in asked if re.search(r"(search|pagefind)[^/]*(/|\.\w+$)", path)]
    contents = [file.read_bytes() for file in files if file.is_file() and file.suffix != ".html"]
    return sum(min(len(content), len(gzip.compress(content))) for content in contents) / 1000


def costs(weights: dict[str, tuple[float, float]], times: dict[str, list[float]]) -> str:
    """A Markdown table of what each search fetches, and of how long the box takes."""
    columns = ("Before, kB", "First query, kB", "First query, ms", "Median, ms", "95th percentile, ms", "Longest, ms")
    lines = [f"| Search | {' | '.join(columns)} |", "| --- |" + " ---: |" * len(columns)]
    for name, weight in weights.items():
        cells = [f"{part:.0f}" for part in weight]
        if name in times:
            first, *others = times[name]
            parts = first, statistics.median(others), statistics.quantiles(others, n=20)[-1], max(others)
            cells += [f"{part:.0f}" for part in parts]
        else:
            cells += ["–"] * 4
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
