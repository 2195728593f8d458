"""The built site in a browser: reachable by everybody, quiet, and complete without scripts, on paper and on a phone."""

import gzip
import os
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from scripts import browser as finder
from tests.conftest import build

DOCS = Path(__file__).parents[1] / "docs"
SOURCES = sorted(
    path.relative_to(DOCS) for path in DOCS.rglob("*.md") if path.parent.name not in ("templates", "vendor")
)
CHAPTERS = [path for path in SOURCES if len(path.parts) == 2 and path.stem != "index"]
MISSING = "no/such/page/"
expect.set_options(timeout=30_000)  # a busy machine is not a fault
SCHEMES = "light", "dark"
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 360, "height": 740}
# Contrast takes most of axe's time and depends on colours and size alone, so each combination is tried once.
RUN_AXE = """async () => {
  const seen = new Set()
  for (const element of document.querySelectorAll("body *")) {
    const style = getComputedStyle(element), look = [style.color, style.fontSize, style.fontWeight]
    for (let behind = element; behind; behind = behind.parentElement) {
      const { backgroundColor, opacity } = getComputedStyle(behind)
      look.push(backgroundColor, opacity)
    }
    const written = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim())
    const fresh = written && element.checkVisibility() && !seen.has(look.join())
    element.toggleAttribute("data-contrast", fresh)
    if (fresh) seen.add(look.join())
  }
  axe.configure({ rules: [{ id: "color-contrast", selector: "[data-contrast]" }] })
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
  const rules = { "aria-dialog-name": { enabled: true } }
  const { violations } = await axe.run({ runOnly: tags, rules, resultTypes: ["violations"] })
  return violations.map(({ id, nodes }) => `${id}: ${nodes[0].html} ${nodes[0].failureSummary}`)
}"""

# What is further down is laid out when a reader comes near it; axe looks at all of the page at once.
LAY_OUT = """async () => {
  for (const block of document.querySelectorAll("article > *")) block.style.contentVisibility = "visible"
  for (let frames = 0; frames < 3; frames++) await new Promise(requestAnimationFrame)
}"""


def address(source: Path) -> str:
    """Where the page of a Markdown file stands in the site."""
    return re.sub(r"(^|/)index/$", r"\1", source.with_suffix("").as_posix() + "/")


# The site, served as a static host does -----------------------------------------------------------------------------


class StaticHost(SimpleHTTPRequestHandler):
    """Files of a folder, and the guide's own page for what is missing."""

    missing: Path

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        if code != HTTPStatus.NOT_FOUND:
            return super().send_error(code, message, explain)
        body = self.missing.read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the tests print what they find."""


@contextmanager
def serve(folder: Path, missing: Path) -> Iterator[int]:
    """Serve a folder on a free port of the loopback."""
    handler = partial(type("Handler", (StaticHost,), {"missing": missing}), directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def url(site: Path) -> str:
    """The address that the site was built for."""
    return re.search("<loc>(.+?)</loc>", (site / "sitemap.xml").read_text("utf-8"))[1]


@pytest.fixture(scope="module")
def browser(site: Path) -> Iterator[Browser]:
    """One browser for all tests. It finds on a free port what the site's address has on port 80."""
    with serve(site.parent, site / "404.html") as port, sync_playwright() as playwright:
        browser = finder.launch(playwright, f"--host-resolver-rules=MAP 127.0.0.1:80 127.0.0.1:{port}")
        yield browser
        browser.close()


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Makes contexts; at the end, nothing may have been asked of another host nor complained of in the console."""
    contexts: list[BrowserContext] = []
    asked: list[str] = []
    said: list[str] = []

    def visit(**options: object) -> BrowserContext:
        quiet = {"viewport": WIDE, "reduced_motion": "reduce", "service_workers": "block"}
        context = browser.new_context(**(quiet | options))
        context.on("request", lambda request: asked.append(request.url))
        context.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        context.on("weberror", lambda error: said.append(str(error.error)))
        contexts.append(context)
        return context

    yield visit
    for context in contexts:
        context.close()
    assert asked
    assert not [request for request in asked if not re.match(r"http://127\.0\.0\.1[:/]|(data|blob):", request)]
    assert not [line for line in said if "status of 404" not in line]


def problems(page: Page) -> list[str]:
    """What axe finds on a page, a line for each rule broken, and still finds half a second later.

    After a change of size the theme lays its sidebars out anew, and for a moment they are too small for their content.
    """
    page.evaluate(LAY_OUT)
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    if page.evaluate(RUN_AXE):
        page.wait_for_timeout(500)
        return page.evaluate(RUN_AXE)
    return []


def paint(page: Page, scheme: str) -> None:
    """Let the system ask for light or dark."""
    page.emulate_media(color_scheme=scheme)
    expect(page.locator("body")).to_have_css("color-scheme", scheme)


def find_words(page: Page, words: str) -> None:
    """Type into the open search box and wait for the first hit."""
    expect(page.get_by_role("textbox", name="Search")).to_be_focused()
    page.keyboard.type(words)
    expect(page.locator(".md-search-result__item").first).to_be_visible()


# Every page -----------------------------------------------------------------------------------------------------------


def test_every_page_of_the_site_is_visited(site: Path):
    pages = {path.parent.relative_to(site).as_posix() for path in site.rglob("index.html")}
    assert pages == {address(source).rstrip("/") or "." for source in SOURCES}


@pytest.mark.parametrize("path", [*map(address, SOURCES), MISSING])
def test_accessible_and_no_wider_than_the_screen(path: str, url: str, visitor):
    page = visitor(color_scheme="light").new_page()
    page.goto(url + path, wait_until="networkidle")
    page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
    for scheme in SCHEMES:
        paint(page, scheme)
        for size in (WIDE, NARROW):
            page.set_viewport_size(size)
            assert problems(page) == [], (scheme, size)
    for width in (360, 320):
        page.set_viewport_size({"width": width, "height": 740})
        assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("path", [*map(address, SOURCES), MISSING])
def test_complete_without_scripts(path: str, url: str, visitor):
    page = visitor(java_script_enabled=False, viewport=NARROW).new_page()
    page.goto(url + path)
    expect(page.locator("article h1")).to_be_in_viewport()
    for details in page.locator("article details").all()[:1]:
        details.locator("summary").click()
        expect(details.locator(":scope > :not(summary)").first).to_be_visible()
    page.locator(".md-header [for=__drawer]").click()
    for section in ("Framework", "Case studies", "Reference", "Contribute"):
        link = page.locator(".md-nav--primary a").filter(has_text=re.compile(rf"^\s*{section}\s*$"))
        expect(link.first).to_have_attribute("href", re.compile(r"\.?/"))
    expect(page.locator(".md-nav--primary a:visible").first).to_be_in_viewport()


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_search_finds_and_is_accessible(size: dict, url: str, visitor):
    page = visitor(viewport=size).new_page()
    page.goto(url, wait_until="networkidle")
    page.keyboard.press("/")
    find_words(page, "pull request")
    for scheme in SCHEMES:
        paint(page, scheme)
        assert problems(page) == [], scheme
    assert "?h=" in page.locator(".md-search-result a").first.get_attribute("href")
    page.goto(f"{url}contribute/?h=chapter")  # as from a hit, where the words are marked
    expect(page.locator("article mark").first).to_be_attached()
    for scheme in SCHEMES:
        paint(page, scheme)
        assert problems(page) == [], scheme


def test_the_heaviest_case_weighs_at_most_110_kB(site: Path, url: str, visitor):
    """All that comes over the wire, with gzip as static hosts set it, until the reader touches something."""
    heaviest = max((site / "case-studies").glob("*/index.html"), key=lambda path: len(gzip.compress(path.read_bytes())))
    page, answers = visitor().new_page(), []
    page.on("response", lambda answer: answers.append(answer))
    page.goto(f"{url}case-studies/{heaviest.parent.name}/", wait_until="networkidle")
    weights = {answer.url.removeprefix(url): len(gzip.compress(answer.body(), 6)) for answer in answers}
    assert len(weights) > 5
    assert sum(weights.values()) <= 110_000, weights


# Pages of one kind --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_the_first_screen_shows_three_ways_in(size: dict, url: str, visitor):
    page = visitor(viewport=size).new_page()
    page.goto(url)
    ways = page.locator(".home > p + ul > li")
    expect(ways).to_have_count(3)
    for way in ways.all():
        expect(way).to_be_in_viewport(ratio=1)
        assert way.get_by_role("link").count()
    expect(page.locator(".md-sidebar--secondary")).to_be_hidden()


@pytest.mark.parametrize("source", CHAPTERS, ids=str)
def test_a_chapter_is_listed_and_can_be_edited(source: Path, url: str, visitor):
    page = visitor().new_page()
    page.goto(url + address(source))
    edit = page.locator("a[rel=edit]")
    expect(edit).to_have_attribute("href", f"https://github.com/owner/guide/edit/main/docs/{source.as_posix()}")
    title = page.locator("h1").inner_text().removesuffix("¶")
    if source.parent.name == "case-studies":
        expect(page.locator("p.facts")).to_have_text(re.compile(r"\w+ · (Introductory|Intermediate|Advanced)$"))
    page.goto(url + address(source.with_name("index.md")), wait_until="networkidle")  # a sooner click can be lost
    page.locator(".listing").get_by_role("link", name=title, exact=True).click()
    expect(page).to_have_url(re.compile(rf"{re.escape(url + address(source))}(#|$)"))


def test_a_missing_page_helps(url: str, visitor):
    page = visitor().new_page()
    response = page.goto(url + MISSING, wait_until="networkidle")
    assert response.status == HTTPStatus.NOT_FOUND
    links = page.locator("article").get_by_role("link").all()
    assert len(links) == 6
    for link in links:
        assert link.evaluate("link => fetch(link.href).then(response => response.ok)")
    page.get_by_role("link", name="Search the guide").click()
    find_words(page, "calibration")


def test_a_question_opens_on_its_verdict(url: str, visitor):
    page = visitor().new_page()
    page.goto(url + "case-studies/ad-click-prediction/")
    for kind, word, sign in (("option right", "Right.", "✓"), ("option", "Not this one.", "✗")):
        option = page.locator(f"details[class='{kind}']").first
        expect(option.get_by_text(word)).to_be_hidden()
        option.locator("summary").click()
        expect(option.get_by_text(word)).to_be_visible()
        assert sign in option.locator("summary").evaluate("summary => getComputedStyle(summary, '::after').content")


def test_paper_is_black_on_white_and_leaves_nothing_folded(url: str, visitor):
    page = visitor(color_scheme="dark").new_page()
    page.goto(url + "case-studies/ad-click-prediction/", wait_until="networkidle")
    page.emulate_media(media="print")
    expect(page.locator("article")).to_have_css("color", "rgb(0, 0, 0)")
    expect(page.locator("body")).to_have_css("background-color", "rgb(255, 255, 255)")
    for gone in (".md-header", ".md-tabs", ".md-sidebar--primary", ".md-footer", ".md-tags"):
        expect(page.locator(gone)).to_be_hidden()
    folded = page.locator("details:not([open])")
    assert folded.count()
    assert folded.evaluate_all("all => all.every(one => one.lastElementChild.checkVisibility())")
    shown = "link => getComputedStyle(link, '::after').content"
    links = page.locator("article :is(p, li, td) a:not(.footnote-backref)").all()  # absolute, by instant navigation
    printed = {link.get_attribute("href"): link.evaluate(shown) for link in links}
    assert any(address.startswith("https:") for address in printed)
    for address, after in printed.items():
        assert after == (f'" <{address}>"' if address.startswith("https:") else "none")


@pytest.mark.parametrize("paper", ["A4", "Letter"])
@pytest.mark.parametrize("rules", ["Chromium's", "the others'"])
def test_the_cheat_sheet_is_two_sides(paper: str, rules: str, site: Path, url: str, visitor):
    """Each begins a page, so a blank page or a side that runs over would make three."""
    page = visitor().new_page()
    if rules == "the others'":  # which do not know the property that only Chromium knows
        css = (site / "assets/stylesheets/print.css").read_text("utf-8")
        assert css.count("(app-region: drag)") == 3
        css = css.replace("(app-region: drag)", "(unknown: drag)")
        page.route("**/print.css", lambda route: route.fulfill(body=css, content_type="text/css"))
    page.goto(url + "reference/cheat-sheet/")
    expect(page.locator(".side")).to_have_count(2)
    margin = dict.fromkeys(("top", "right", "bottom", "left"), "12.7mm")  # as Firefox has it
    assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(format=paper, margin=margin))) == 2


# Instant navigation --------------------------------------------------------------------------------------------------


def test_pages_change_without_a_reload(url: str, visitor):
    page = visitor().new_page()
    page.goto(url, wait_until="networkidle")
    page.evaluate("window.kept = true")
    page.locator(".md-tabs").get_by_role("link", name="Case studies").click()
    expect(page.locator("h1")).to_contain_text("Case studies")
    assert page.evaluate("window.kept")


def test_a_site_without_addresses_works_too(tmp_path: Path, visitor):
    folder = build(tmp_path / "site")
    with serve(folder, folder / "404.html") as port:
        root = f"http://127.0.0.1:{port}/"
        page = visitor().new_page()
        page.goto(root)
        expect(page.locator("a[rel=edit], link[rel=canonical]")).to_have_count(0)
        page.locator(".md-tabs").get_by_role("link", name="Framework").click()
        expect(page).to_have_url(f"{root}framework/")
        page.goto(root + MISSING)
        page.locator("article").get_by_role("link", name="Case studies").click()
        expect(page).to_have_url(f"{root}case-studies/")
        page.wait_for_load_state("networkidle")  # or what is still asked for would fail when the server stops


# Finding a browser ---------------------------------------------------------------------------------------------------


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """A machine without a browser; the function installs a program of the given name and returns its path."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "playwright"))
    monkeypatch.delenv("BROWSER_PATH", raising=False)
    monkeypatch.setattr(finder, "NAMES", [name for name in finder.NAMES if Path(name).name == name])

    def install(name: str) -> str:
        path = tmp_path / (name + ".exe" * (os.name == "nt"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(0o755)
        return str(path)

    return install


def test_a_browser_is_found_in_order(machine, monkeypatch):
    own = None
    monkeypatch.setattr(finder, "playwrights_own", lambda: own)
    assert finder.find() is None
    for name in ("google-chrome", "chromium", "chromium-headless-shell"):
        path = machine(name)
        assert finder.find() == path
    own = "/playwrights/own"
    assert finder.find() == own
    monkeypatch.setenv("BROWSER_PATH", path)
    assert finder.find() == path


def test_playwrights_own_browser_is_of_its_revision(machine):
    plan = subprocess.run((*finder.PLAYWRIGHT, "--dry-run"), capture_output=True, text=True, check=True).stdout
    folder = re.search(r"playwright.(chromium_headless_shell-\d+)", plan)[1]
    machine("playwright/chromium_headless_shell-1/chrome-linux/headless_shell")
    assert finder.find() is None
    path = machine(f"playwright/{folder}/chrome-linux/headless_shell")
    assert finder.find() == path


@pytest.mark.parametrize("root", [True, False])
def test_a_browser_is_installed_where_there_is_none(root, machine, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0 if root else 1000, raising=False)
    machine("apt-get")
    tried = []

    def run(command, **options):
        tried.append(" ".join(map(str, command)))
        if tried[-1].endswith(("--no-install-recommends fonts-liberation chromium", "--with-deps")):
            machine("chromium")
        return subprocess.CompletedProcess(command, 0, stdout="")

    monkeypatch.setattr(finder.subprocess, "run", run)
    assert Path(finder.obtain()).stem == "chromium"
    installed = [command for command in tried if "--dry-run" not in command]
    assert [command.split()[-1] for command in installed] == (
        ["update", "chromium-headless-shell", "chromium"] if root else ["--with-deps"]
    )


def test_what_is_said_when_there_is_no_browser(machine, monkeypatch):
    done = subprocess.CompletedProcess((), 1, stdout="")
    monkeypatch.setattr(finder.subprocess, "run", lambda *command, **options: done)
    three_ways = r"chromium-headless-shell or chromium .*playwright install --with-deps .*BROWSER_PATH"
    for call in (finder.obtain, partial(finder.launch, None)):
        with pytest.raises(finder.NoBrowser, match=three_ways) as error:
            call()
        assert "\n" not in str(error.value)
    monkeypatch.setenv("BROWSER_PATH", "mistyped")
    with pytest.raises(finder.NoBrowser, match="mistyped.*" + three_ways):
        finder.find()
