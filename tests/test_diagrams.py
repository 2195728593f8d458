"""Diagrams: what the fence becomes, what the checker says of it, how it looks in a browser, and the fall-back."""

import functools
import hashlib
import http.server
import logging
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree

import pytest
from markdown import Markdown
from playwright.sync_api import Browser, Page

from scripts import diagrams
from scripts.chapter import DOCS, Chapter, pages

ROOT = Path(__file__).parent.parent
SVG = "{http://www.w3.org/2000/svg}"
TITLED = "\n  accTitle: The title\n  accDescr: The description.\n"
KINDS = {
    "flowchart": "flowchart LR"
    + TITLED
    + '  A["App"] -->|8 ms| B(Rank) --> C{Gate}\n  subgraph G [Online]\n  B\n  end\n',
    "sequence": "sequenceDiagram"
    + TITLED
    + "  App->>+Ranker: request\n  Ranker-->>-App: ten items\n  Note over App: cached\n",
    "state": "stateDiagram-v2" + TITLED + "  [*] --> Shadow\n  Shadow --> Live: gates pass\n",
    "class": "classDiagram"
    + TITLED
    + "  class Event {\n    +id()$ int\n    +log()* bool\n  }\n  Event <|-- Click : is a\n",
    "er": "erDiagram" + TITLED + '  USER ||--o{ EVENT : makes\n  EVENT {\n    string id PK "key"\n  }\n',
    "gantt": "gantt" + TITLED + "  dateFormat YYYY-MM-DD\n  section Launch\n  Shadow :crit, 2026-01-01, 30d\n",
    "pie": "pie" + TITLED + '  "clicks" : 2\n  "the rest" : 98\n',
    "timeline": "timeline" + TITLED + "  0 min : Clarify : Metric\n  8 min : Data\n",
    "quadrant": "quadrantChart" + TITLED + "  x-axis Cheap --> Dear\n  y-axis Weak --> Strong\n  DCN: [0.7, 0.8]\n",
    "xychart": "xychart-beta" + TITLED + "  x-axis [jan, feb]\n  bar [5, 7]\n  line [5, 7]\n",
    "packet": "packet-beta" + TITLED + '  0-15: "Source"\n  16-31: "Destination"\n',
    "git": "gitGraph" + TITLED + "  commit\n  branch trial\n  commit\n",
}
UNTITLED = {
    "mindmap": "mindmap\n  root((Design))\n    Data\n      Labels\n    Model\n",
    "block": 'block-beta\n  columns 2\n  a["A"] b\n  a --> b\n',
    "sankey": "sankey-beta\n\nShown,Clicked,2\nShown,Ignored,98\n",
}
LONG = "flowchart LR" + TITLED + " --> ".join(f'n{n}["Stage number {n}"]' for n in range(9)) + "\n"
CAPITALS = (
    "flowchart TB"
    + TITLED
    + '  A["WWWWW MMMMM"] -->|"`**MMMM WWWW MMMM**`"| B["`**WWW MMM** → ≤ é`"]\n'
    + '  subgraph S ["WIDE MMMM TITLE"]\n  B\n  end\n'
)


def convert(*sources: str) -> str:
    """The HTML of a page with these diagrams."""
    fence = {"name": "mermaid", "class": "mermaid", "format": diagrams.fence_mermaid}
    md = Markdown(
        extensions=["pymdownx.superfences"], extension_configs={"pymdownx.superfences": {"custom_fences": [fence]}}
    )
    return md.convert("\n".join(f"```mermaid\n{source}```\n" for source in sources))


def parse(html: str) -> ElementTree.Element:
    html = html.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"')
    return ElementTree.fromstring(f"<body>{html.replace(' data-search-exclude', '')}</body>")


@pytest.mark.parametrize("kind", KINDS)
def test_kinds(kind):
    """Every kind is drawn inline, with its title and description, and nothing that a strict policy refuses."""
    html = convert(KINDS[kind])
    assert list(diagrams.problems(KINDS[kind])) == []
    assert not re.search(r"\sstyle=|<style|<script|mermaid|\shref=", html)
    for svg in (found := parse(html).findall(f"figure/{SVG}svg")):
        texts = {element.get("id"): element.text for element in svg.iter() if element.get("id")}
        assert svg.get("role") == "img"
        assert texts[svg.get("aria-labelledby")] == "The title"
        assert texts[svg.get("aria-describedby")] == "The description."
    assert 1 <= len(found) <= 2


@pytest.mark.parametrize("kind", UNTITLED)
def test_kinds_without_title(kind):
    """Kinds whose grammar has no title and description are drawn, and refused for the lack."""
    assert "<svg" in convert(UNTITLED[kind])
    assert [message.split("`")[1] for _, message in diagrams.problems(UNTITLED[kind])] == ["accTitle: …", "accDescr: …"]


def test_stylesheet_sets_what_drawings_ask_for():
    css = (ROOT / "docs/assets/stylesheets/diagrams.css").read_text(encoding="utf-8")
    html = convert(*KINDS.values(), *UNTITLED.values())
    asked = set(re.findall(r"var\((--[\w-]+)", html))
    assert {"--_fg", "--_l", "--pele-series-1"} <= asked
    assert asked - set(re.findall(r"(--[\w-]+):", css)) == set()


def test_same_text_same_bytes():
    """Another process gives the same page, ids included."""
    code = "import sys; sys.path[:0] = ['tests', '.']; import test_diagrams as t; print(t.convert(*t.KINDS.values()))"
    command = [sys.executable, "-X", "utf8", "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    assert done.stdout == convert(*KINDS.values()) + "\n"


def test_same_bytes_on_another_day():
    """A Gantt chart marks no today."""
    assert "today" not in convert(KINDS["gantt"].replace("2026-01-01, 30d", "2000-01-01, 73000d"))


@pytest.mark.parametrize("source", [KINDS["flowchart"], UNTITLED["sankey"]], ids=["titles", "gradients"])
def test_one_diagram_twice_on_a_page(source):
    """Ids differ, and each is referred to."""
    html = convert(source, source)
    ids = re.findall(r'\sid="([^"]+)"', html)
    assert len(ids) == len(set(ids)) == 8
    assert sum("-2-" in ident for ident in ids) == 4
    assert set(ids) <= set(re.findall(r'(?:aria-\w+="|url\(#)([\w-]+)', html))


def test_links():
    """A link keeps its address where the theme's instant navigation leaves it alone, and can be reached."""
    html = convert(KINDS["flowchart"] + '  click A "../data/"\n')
    assert '<a xlink:href="../data/"' in html
    assert 'role="group"' in html
    assert 'role="img"' not in html


def test_wide_flowchart_turns():
    wide, narrow = diagrams.draw(LONG), diagrams.draw(LONG, diagrams.PHONE)
    assert wide["height"] > wide["width"]
    assert narrow["width"] <= diagrams.PHONE


def test_no_second_drawing_without_need():
    assert convert(KINDS["state"]).count("<svg") == 1
    assert convert(KINDS["flowchart"]).count("<svg") == 2


FLOW = KINDS["flowchart"]
TALL = "flowchart TB" + TITLED + "".join(f"  a{n} --> a{n + 1}\n" for n in range(13))
FAN = "flowchart TB" + TITLED + "".join(f"  root --> leaf{n}[Component number {n}]\n" for n in range(8))
MANY = "flowchart TB" + TITLED + "".join(f"  a{n} --> a{n + 1}\n" for n in range(14))


@pytest.mark.parametrize(
    ("source", "line", "message"),
    [
        (FLOW.replace("  accTitle: The title\n", ""), 1, "add a line `accTitle: …`"),
        (FLOW.replace("  accDescr: The description.\n", ""), 1, "add a line `accDescr: …`"),
        (FLOW.replace('"App"', "App (web)"), 4, "from `(web)] -->|8 ms| B(Rank) --> C{Gate}` on"),
        (FLOW.replace("  end\n", ""), 6, "at the end of this line: put labels in double quotes; close every bracket"),
        ("---\ntitle: T\n---\n%% note\n\n" + FLOW.replace('"App"', "App (web)"), 9, "does not parse"),
        (KINDS["gantt"].replace("01-01", "13-45"), 1, "does not parse: Invalid date"),
        (FLOW.replace("flowchart", "flowchrt"), 1, "`flowchrt` is no kind of diagram"),
        ("", 1, "`` is no kind of diagram"),
        (FLOW + "  style A stroke-width:4px\n", 8, "remove `style`"),
        (FLOW + "  classDef hot color:red\n", 8, "remove `classDef`"),
        (FLOW + "  linkStyle 0 color:red\n", 8, "remove `linkStyle`"),
        ('%%{init: {"theme": "dark"}}%%\n' + FLOW, 1, 'remove `%%{init: {"theme`'),
        ("---\nconfig:\n  theme: forest\n---\n" + FLOW, 3, "remove `theme:`"),
        (FLOW.replace("8 ms", "fill:red"), 4, "remove `fill:r`"),
        (KINDS["quadrant"].replace("0.8]", "0.8] color: #ff3300"), 6, "remove `#ff3300`"),
        (KINDS["sequence"] + "  rect rgb(0, 0, 0)\n  App->>App: x\n  end\n", 7, "remove `rgb(`"),
        (FAN, 1, "px wide, over 900: shorten labels, try `flowchart LR`, or split it"),
        (MANY, 1, "15 nodes, over 14: merge some or split the diagram"),
    ],
)
def test_problems(source, line, message):
    """One fault gives one finding, on its line, that says what to do; and the build warns of it, as strict counts."""
    ((found_line, found),) = diagrams.problems(source)
    assert found_line == line
    assert message in found


def test_advice_on_width_holds():
    assert list(diagrams.problems(FAN.replace("TB", "LR"))) == []


def test_no_false_alarm():
    """Entities, numbers and words that look like colours; fourteen nodes in a group."""
    labels = FLOW.replace("App", "#9829; issue #123456; backfill: theme, style").replace("8 ms", "Fill: 3")
    assert list(diagrams.problems(labels)) == []
    fourteen = MANY.replace("  a13 --> a14\n", "  subgraph group\n    a13\n  end\n  a0 --> group\n")
    assert list(diagrams.problems(fourteen)) == []


def test_build_warns(caplog):
    """What the checker says, a strict build counts; and a diagram that does not parse shows its source."""
    html = convert(FLOW.replace("{Gate}", "{<b>"))
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.name.startswith("mkdocs.")
    assert "Diagram “The title”: does not parse" in record.getMessage()
    assert "C{&lt;b&gt;" in html


def test_threads():
    """Live reload builds on a thread of its own."""
    with ThreadPoolExecutor(4) as pool:
        drawings = list(pool.map(diagrams.draw, [f"{FLOW}%% {n}\n" for n in range(80)]))
    assert all("svg" in drawing for drawing in drawings)


def test_drawn_ahead(monkeypatch):
    """What a page asks for, with its narrower drawing, is there when the page comes."""
    diagrams.draw.cache_clear()
    diagrams.begin([f"Text.\n\n```mermaid\n{KINDS['flowchart']}```\n\nMore.\n"]).join()
    assert diagrams.draw.cache_info().currsize == 2
    monkeypatch.setattr(diagrams, "_renderer", None)
    assert convert(KINDS["flowchart"]).count("<svg") == 2


@pytest.mark.parametrize("folder", ["scripts/vendor", "docs/assets/vendor"])
def test_vendored_files(folder):
    """Files from elsewhere are as they came: the checksums beside them hold."""
    rows = re.findall(r"^\| `([\w.]+)` \|.*`([0-9a-f]{64})` \|$", (ROOT / folder / "README.md").read_text(), re.M)
    assert rows
    for name, digest in rows:
        assert hashlib.sha256((ROOT / folder / name).read_bytes()).hexdigest() == digest


# --- In a browser


class Site:
    """A small site with the guide's own configuration, on a local server."""

    def __init__(self, folder: Path, pages: dict[str, str]):
        self.folder, self.path = folder, folder / "docs"
        (folder / "site").mkdir()
        self.path.mkdir()
        (self.path / "assets").symlink_to(ROOT / "docs/assets")
        for name, text in pages.items():
            (self.path / name).write_text(text, encoding="utf-8")
        (folder / "mkdocs.yml").write_text(
            f"INHERIT: {ROOT}/mkdocs.yml\nhooks: [{ROOT}/scripts/hooks.py]\ntheme: {{custom_dir: {ROOT}/overrides}}\n"
        )
        handler = functools.partial(Quiet, directory=str(folder / "site"))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def build(self, *arguments: str, path: str = "") -> subprocess.CompletedProcess[str]:
        environment = {"SITE_URL": self.url, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": f"{path}{os.pathsep}{ROOT}"}
        command = [sys.executable, "-m", "mkdocs", "build", *arguments]
        return subprocess.run(
            command, cwd=self.folder, env=os.environ | environment, capture_output=True, text=True, check=False
        )


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


def visit(browser: Browser, site: Site, **settings: object) -> Page:
    """A page of a browser that notes in `page.faults` what goes elsewhere and what goes wrong."""
    page = browser.new_page(**settings)
    page.faults = []
    page.on("request", lambda request: request.url.startswith(site.url) or page.faults.append(request.url))
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    return page


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """All kinds on one page, and a page with a link in a diagram."""
    kinds = [*KINDS.values(), LONG, TALL, CAPITALS]
    text = "".join(f"## Diagram {n}\n\nText.\n\n```mermaid\n{source}```\n\n" for n, source in enumerate(kinds))
    link = f'# Link\n\n```mermaid\n{FLOW}  click A "../"\n```\n\n[home](index.md)\n'
    site = Site(tmp_path_factory.mktemp("drawn"), {"index.md": f"# All\n\n{text}", "link.md": link})
    done = site.build("--strict")
    assert done.returncode == 0, done.stderr
    yield site
    site.close()


@pytest.mark.parametrize(("width", "text", "scrolling"), [(1280, 14, 0), (360, 12, 0), (320, 12, 5)])
def test_sizes(browser, drawn, width, text, scrolling):
    """One drawing of each diagram is seen; text keeps its size; what is too wide scrolls in its own box."""
    page = visit(browser, drawn, viewport={"width": width, "height": 800})
    page.goto(drawn.url)
    seen = page.evaluate(
        """() => [...document.querySelectorAll(".diagram")].map(figure => {
            const shown = [...figure.children].filter(svg => svg.getBoundingClientRect().width)
            const [svg] = shown
            return {
                shown: shown.length,
                text: 14 * svg.getBoundingClientRect().width / svg.viewBox.baseVal.width,
                scrolls: figure.scrollWidth > figure.clientWidth,
            }
        })"""
    )
    assert [figure["shown"] for figure in seen] == [1] * (len(KINDS) + 3)
    assert sum(figure["scrolls"] for figure in seen) == scrolling
    assert page.evaluate("document.documentElement.scrollWidth") == width
    sizes = [figure["text"] for figure in seen]
    assert max(sizes) == pytest.approx(text, abs=0.1)
    assert min(sizes) >= (10.6 if width == 1280 else text - 0.1)
    assert page.faults == []


@pytest.mark.parametrize("font", ["sans-serif", "DejaVu Sans", "Liberation Sans"])
def test_labels_stay_within_their_boxes(browser, drawn, font):
    page = visit(browser, drawn, viewport={"width": 1280, "height": 800}, bypass_csp=True)
    page.goto(drawn.url)
    page.add_style_tag(content=f".diagram svg {{ font-family: '{font}', sans-serif !important }}")
    measured, outgrown = page.evaluate(
        """() => {
            const outgrown = []
            let measured = 0
            for (const text of document.querySelectorAll(".diagram svg text")) {
                const label = text.getBoundingClientRect(), x = (label.left + label.right) / 2
                if (!label.width) continue
                const around = [...text.parentNode.children]
                    .filter(shape => shape.matches("rect, polygon, path, circle"))
                    .map(shape => shape.getBoundingClientRect())
                    .filter(box => box.left < x && x < box.right && box.top < label.bottom && label.top < box.bottom)
                around.push(text.closest("svg").getBoundingClientRect())
                const box = around.reduce((least, box) => box.width < least.width ? box : least)
                measured++
                if (label.left < box.left - 0.5 || label.right > box.right + 0.5) outgrown.push(text.textContent)
            }
            return [measured, outgrown]
        }"""
    )
    assert measured > 80
    assert outgrown == []


@pytest.mark.parametrize(
    ("scheme", "media"), [(scheme, media) for scheme in ("default", "slate") for media in ("screen", "print")]
)
def test_contrast(browser, drawn, scheme, media):
    """Text has 4.5:1 and lines 3:1 against every surface they stand on; print is light whatever the screen."""
    page = visit(browser, drawn)
    page.goto(drawn.url)
    page.emulate_media(media=media)
    names = ["_bg", "_fg", "_m", "_l", "_b", "_s", "_a", "_c", "pele-critical"]
    names += [f"pele-series-{n}" for n in range(1, 9)]
    colours = page.evaluate(
        """([scheme, names]) => {
            document.body.dataset.mdColorScheme = scheme
            const probe = document.querySelector(".diagram svg").appendChild(document.createElement("i"))
            const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true })
            const paint = name => {
                probe.style.color = `var(--${name})`
                canvas.fillStyle = getComputedStyle(probe).color
                canvas.fillRect(0, 0, 1, 1)
            }
            return Object.fromEntries(names.map(name => {
                paint("_bg")
                paint(name)
                return [name, [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3)]
            }))
        }""",
        [scheme, names],
    )
    pairs = [(ink, paper, 4.5) for ink in ("_fg", "_m") for paper in ("_bg", "_s", "_a")]
    pairs += [(line, paper, 3) for line in ("_l", "_b") for paper in ("_bg", "_s", "_a")]
    pairs += [("_bg", fill, 4.5) for fill in names[7:]]
    faint = [(a, b, round(r, 2)) for a, b, least in pairs if (r := contrast(colours[a], colours[b])) < least]
    assert faint == []
    if media == "print":
        assert colours["_bg"] == [255, 255, 255]


def contrast(one: list[int], other: list[int]) -> float:
    """The contrast ratio of two sRGB colours (WCAG 2.2)."""

    def luminance(colour: list[int]) -> float:
        parts = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    dark, light = sorted(map(luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


def test_print(browser, drawn):
    """On paper the wide drawing stands, whole and on one page."""
    page = visit(browser, drawn, viewport={"width": 700, "height": 1000})
    page.goto(drawn.url)
    page.emulate_media(media="print")
    figures = page.locator(".diagram")
    assert page.locator(".diagram .narrow:visible").count() == 0
    assert page.locator(".diagram svg:visible").count() == figures.count()
    for box in figures.evaluate_all("all => all.map(one => [one.scrollWidth - one.clientWidth, one.clientHeight])"):
        assert box[0] <= 0
        assert box[1] < 900  # 24 cm of an A4 page


def test_links_and_instant_navigation(browser, drawn):
    """A diagram with a link breaks neither itself nor the links of the theme."""
    page = visit(browser, drawn)
    page.goto(drawn.url + "link/")
    page.wait_for_function("window.document$")
    page.evaluate("window.same = true")
    page.click(".md-typeset p a")
    page.wait_for_url(drawn.url)
    assert page.evaluate("window.same")
    page.goto(drawn.url + "link/")
    page.click(".diagram svg:visible a")
    page.wait_for_url(drawn.url)
    assert page.faults == []


# --- The fall-back


@pytest.fixture(scope="module")
def fallen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site built where quickjs cannot be imported, with a diagram that has markup in a label."""
    folder = tmp_path_factory.mktemp("fallen")
    (folder / "quickjs.py").write_text("raise ImportError('no wheel for this machine')\n")
    source = FLOW.replace('"App"', '"Web <i>&amp;</i> app"')
    page = f"# Diagram\n\n```mermaid\n{source}```\n"
    site = Site(folder, {"index.md": "# Home\n\n[Diagram](diagram.md)\n", "diagram.md": page})
    done = site.build(path=str(folder))
    assert done.returncode == 0, done.stderr
    assert "Diagram “The title” is left to the reader's browser: install quickjs-ng" in done.stderr
    yield site
    site.close()


def test_fall_back_fails_a_strict_build(fallen, tmp_path):
    done = fallen.build("--strict", "--site-dir", str(tmp_path), path=str(fallen.folder))
    assert done.returncode == 1
    assert "Aborted with 1 warnings in strict mode" in done.stdout + done.stderr


def test_fall_back_is_loaded_only_where_needed(fallen):
    assert "mermaid" not in (fallen.folder / "site/index.html").read_text(encoding="utf-8")
    assert "mermaid.min.js" in (fallen.folder / "site/diagram/index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("way", ["direct", "instant navigation"])
def test_fall_back_draws(browser, fallen, way):
    """The browser draws the diagram, labels intact, from the vendored library alone."""
    page = visit(browser, fallen)
    page.add_init_script(
        "const attach = Element.prototype.attachShadow;"
        "Element.prototype.attachShadow = function () { return attach.call(this, { mode: 'open' }) }"
    )
    if way == "direct":
        page.goto(fallen.url + "diagram/")
    else:
        page.goto(fallen.url)
        page.wait_for_function("window.document$")
        page.click(".md-typeset p a")
    drawing = page.locator("div.mermaid svg")
    drawing.wait_for()
    assert "Web & app" in drawing.text_content()
    assert drawing.bounding_box()["height"] > 40
    assert page.faults == []


def test_unknown_kind_falls_back(caplog):
    """A kind that Pele does not know goes the same way, with a warning."""
    html = convert("zenuml\n  A.b() <x>\n")
    assert re.search(r'<pre  ?class="mermaid"><code>zenuml\n  A.b\(\) &lt;x&gt;', html)
    assert "`zenuml` is no kind of diagram known here" in caplog.text


def test_every_fence_of_the_guide_is_drawn(site):
    """superfences shows a fence as it stands, without a word, where its formatter fails."""
    fences = 0
    for path in pages():
        tokens = Chapter(path).tokens
        here = sum(token.type == "fence" and token.info == "mermaid" for token in tokens)
        name = path.relative_to(DOCS).with_suffix("")
        folder = name.parent if name.name == "index" else name
        html = (site / folder / "index.html").read_text("utf-8")
        assert html.count('<figure class="diagram"') == here, path
        fences += here
    assert fences
