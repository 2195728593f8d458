"""The hosted guide can be installed, and read without a network after the first visit."""

import json
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from mkdocs.config import load_config
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from scripts import hooks, installable
from scripts.browser import launch
from tests.conftest import ROOT
from tests.test_browser import StaticHost, find_words

URL = "http://127.0.0.1/guide/"
PAGE = "framework/6-serving/"
KEPT = f"""async () => {{
  const cache = await caches.open({URL!r})
  const paths = (await cache.keys()).map(({{ url }}) => url.replace({URL!r}, "") || "./")
  const hashes = await (await cache.match("{URL}service-worker.json"))?.json() ?? {{}}
  return Object.fromEntries(paths.map(path => [path, hashes[new URL(path, {URL!r})]]))
}}"""
SAVE_DATA = """if (isSecureContext) {
  Object.defineProperty(navigator, "connection", { value: { saveData: true } })
  globalThis.posted = []
  ServiceWorker.prototype.postMessage = message => posted.push(message)
  globalThis.controlled = new Promise(done => navigator.serviceWorker.addEventListener("controllerchange", done))
}"""


class Host:
    """A copy of the site on a port that stays its own while the server comes and goes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[str] = []
        self.flowing = threading.Event()  # while this is not set, pages are asked for and do not come
        self.flowing.set()
        self.server: ThreadingHTTPServer | None = None
        self.port = 0

    def start(self) -> None:
        host = self

        class Handler(StaticHost):
            missing = host.folder / "404.html"

            def do_GET(self) -> None:
                host.asked.append(self.path.removeprefix("/guide/"))
                if self.path.endswith("/"):
                    host.flowing.wait()
                super().do_GET()

            def end_headers(self) -> None:
                self.send_header("Cache-Control", "no-cache")  # nothing from the browser's own cache
                super().end_headers()

        handler = partial(Handler, directory=str(self.folder.parent))
        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.flowing.set()
        if self.server:
            self.server.shutdown()
            self.server.server_close()
        self.server = None


@pytest.fixture
def host(site: Path, tmp_path: Path) -> Iterator[Host]:
    """The site, which a test may change."""
    host = Host(Path(shutil.copytree(site, tmp_path / "guide")))
    host.start()
    yield host
    host.stop()


@pytest.fixture
def browser(host: Host) -> Iterator[Browser]:
    """It finds on the host's port what the site's address has on port 80."""
    with sync_playwright() as playwright:
        browser = launch(playwright, f"--host-resolver-rules=MAP 127.0.0.1:80 127.0.0.1:{host.port}")
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a page in a browser without memories; at the end, there may be no complaint in the console."""
    contexts: list[BrowserContext] = []
    said: list[str] = []

    def visit(path: str, script: str = "") -> Page:
        context = browser.new_context()
        context.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        context.on("weberror", lambda error: said.append(str(error.error)))
        context.add_init_script(script)
        contexts.append(context)
        page = context.new_page()
        page.goto(URL + path)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert not [line for line in said if "status of 404" not in line]


def wait_until_kept(page: Page, wanted: dict[str, str]) -> None:
    """Wait until the browser has just these files, and as they are in this list."""
    for _ in range(600):
        kept = page.evaluate(KEPT)
        kept.pop("service-worker.json", None)
        if kept == wanted:
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"not kept: {set(wanted.items()) - set(kept.items())}; left over: {set(kept) - set(wanted)}")


def publish(folder: Path) -> dict[str, str]:
    """Write the worker anew after a change of the site, as a build does; returns its list."""
    worker = folder / "service-worker.js"
    (folder / "assets/javascripts/service-worker.js").write_text(worker.read_text("utf-8").partition("\n")[2], "utf-8")
    installable.write(folder)
    return installable.files(folder)


# The list ------------------------------------------------------------------------------------------------------------


def test_the_list_depends_on_the_files_alone(tmp_path: Path):
    names = ["index.html", "a/index.html", "a/b.css", "search/index.js", "404.html"]
    for folder, order in (("one", names), ("two", names[::-1])):
        for name in order:
            (tmp_path / folder / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / folder / name).write_text(name, "utf-8")
    first, second = installable.files(tmp_path / "one"), installable.files(tmp_path / "two")
    assert json.dumps(first) == json.dumps(second)
    assert sorted(first) == ["./", "404.html", "a/", "a/b.css", "search/index.js"]
    (tmp_path / "two/a/b.css").write_text("other", "utf-8")
    changed = installable.files(tmp_path / "two")
    assert {path for path in first if first[path] != changed[path]} == {"a/b.css"}


def test_the_list_has_what_a_reader_needs(site: Path):
    worker = (site / "service-worker.js").read_text("utf-8")
    listed = json.loads(re.match(r"const FILES = (\{.+?\})\n", worker)[1])
    assert listed == installable.files(site)  # nothing was changed after it
    assert worker.endswith((ROOT / "docs/assets/javascripts/service-worker.js").read_text("utf-8"))
    assert not (site / "assets/javascripts/service-worker.js").exists()
    pages = {re.sub("^index.html$", "./", path.relative_to(site).as_posix()) for path in site.rglob("*.html")}
    assert {page.removesuffix("index.html") for page in pages} == {
        path for path in listed if re.search("/$|html", path)
    }
    assert {"search/index.js", "assets/vendor/minisearch.js", "manifest.webmanifest", "assets/mark.svg"} <= set(listed)
    assert not [path for path in listed if re.search(r"\.(pdf|map|gz)$|_headers|vercel|mermaid|lunr|worker|card", path)]


@pytest.mark.parametrize(
    ("address", "offline", "kept"),
    [
        ("https://owner.example/guide/", False, True),
        ("https://owner.example/guide/", True, False),
        ("http://127.0.0.1:8000/guide/", False, False),  # `serve`
        ("", False, False),
    ],
)
def test_only_a_hosted_site_is_kept(address: str, offline: bool, kept: bool):
    config = load_config(str(ROOT / "mkdocs.yml"), site_url=address)
    config.extra["offline"] = offline
    hooks.on_config(config)
    assert bool(config.extra["installable"]) is kept


# In a browser --------------------------------------------------------------------------------------------------------


def test_the_browser_offers_to_install(visit):
    page = visit(PAGE)
    session = page.context.new_cdp_session(page)
    answer = session.send("Page.getAppManifest")
    manifest = answer["manifest"]
    assert (answer["url"], answer["errors"]) == (f"{URL}manifest.webmanifest", [])
    assert manifest["startUrl"] == manifest["scope"] == manifest["id"] == URL
    assert manifest["display"] == "kMinimalUi"  # with back and reload
    assert manifest["name"] == page.title().split(" - ")[1]
    sizes = "async src => { const icon = new Image; icon.src = src; await icon.decode(); return icon.naturalWidth }"
    drawn = {page.evaluate(sizes, icon["url"]): icon["sizes"] for icon in manifest["icons"][1:]}
    assert drawn == {192: "192x192", 512: "512x512"}
    # a browser without windows has none of these; one with them names the context, in which nothing can be installed
    errors = session.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert {error["errorId"] for error in errors} <= {"in-incognito"}


def test_the_whole_guide_without_a_network(visit, host: Host):
    page = visit("contribute/")
    wait_until_kept(page, installable.files(host.folder))
    host.stop()
    page.context.set_offline(True)
    page.goto(f"{URL}{PAGE}?h=cache", wait_until="networkidle")
    expect(page.locator(".md-content h1")).to_contain_text("Serving")
    expect(page.locator("body")).to_have_css("background-color", "rgb(252, 251, 248)")
    assert page.evaluate("[...document.styleSheets].every(sheet => sheet.cssRules.length)")
    page.evaluate("window.kept = true")
    page.keyboard.press("/")
    find_words(page, "harmful content")
    page.locator(".md-search-result a").first.click()
    expect(page.locator(".md-content h1")).to_contain_text("Harmful content")
    page.locator(".md-tabs").get_by_role("link", name="Reference").click()
    expect(page.locator(".md-content h1")).to_contain_text("Reference")
    assert page.evaluate("window.kept")  # nor was a page loaded anew


def test_an_unknown_address_without_a_network(visit, host: Host):
    page = visit("")
    wait_until_kept(page, installable.files(host.folder))
    host.stop()
    page.context.set_offline(True)
    assert page.goto(f"{URL}framework/index.html#top").status == 200
    assert page.goto(f"{URL}no/such/page/").status == 404
    expect(page.locator(".md-content h1")).to_have_text("Page not found")
    expect(page.locator("body")).to_have_css("background-color", "rgb(252, 251, 248)")


def test_a_new_edition_is_shown_at_once_and_only_it_is_fetched(visit, host: Host):
    page = visit("")
    wait_until_kept(page, installable.files(host.folder))
    host.stop()
    html = (host.folder / PAGE / "index.html").read_text("utf-8")
    (host.folder / PAGE / "index.html").write_text(re.sub(r"(<h1[^>]*>)[^<]+", r"\1Changed", html), "utf-8")
    (host.folder / "reference/tags/index.html").unlink()
    edition = publish(host.folder)
    host.asked.clear()
    host.start()
    page.goto(URL + PAGE)
    expect(page.locator(".md-content h1")).to_contain_text("Changed")
    wait_until_kept(page, edition)
    assert {path for path in host.asked if path.endswith("/")} == {PAGE}
    assert "search/index.js" not in host.asked


def test_a_network_that_does_not_answer(visit, host: Host):
    page = visit("")
    wait_until_kept(page, installable.files(host.folder))
    host.asked.clear()
    host.flowing.clear()
    page.goto(URL + PAGE)
    assert host.asked[0] == PAGE
    expect(page.locator(".md-content h1")).to_contain_text("Serving")


def test_little_is_fetched_for_those_who_save_data(visit, host: Host):
    page = visit("", SAVE_DATA)
    page.evaluate("controlled.then(() => new Promise(requestIdleCallback)).then(() => {})")
    assert page.evaluate("posted") == []
    kept = set(page.evaluate(KEPT)) - {"service-worker.json"}
    assert {"./", "404.html", "assets/stylesheets/guide.css"} <= kept
    assert not [path for path in kept if re.search("framework|case-studies|reference|search/|vendor", path)]
