"""Mermaid fences as inline SVG, drawn while the site is built.

Pele, vendored JavaScript run by quickjs, makes the drawing. It serves light, dark and print, since its
colours and fonts are set by docs/assets/stylesheets/diagrams.css; phones get a second, narrower one. Where
quickjs is missing, or Pele does not know the kind of diagram, mermaid2 takes the fence and the reader's
browser draws it.
"""

from __future__ import annotations

import functools
import hashlib
import html
import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Lock, Thread
from typing import Any

try:
    import quickjs
except ImportError:  # no wheel for macOS on Intel
    quickjs = None

TEXT = 14  # px, as laid out; the stylesheet scales the whole drawing
COLUMN = 720  # px; a wider flowchart is turned. A desktop's text column has 686 px and more
PHONE = 380  # px; what a screen of 360 px shows with text of 12 px
WIDEST = 900  # px; shrunk to the column, the text of a wider diagram falls below 10.7 px
MOST_NODES = 14

# Widths of the printable ASCII characters in hundredths of an em: the widest among Arial, DejaVu Sans, Inter,
# Noto Sans, Open Sans and Roboto, so that no label outgrows its box in the sans-serif of the reader's system.
WIDTHS = (
    "32414784659978303939568432463242646464646564646464643434848484569969697737676278763458685791767797"
    "36779765756999696869394239845650626458646237646428285828986462646442534064608260605664566484"
)

DRAW = f"""
const measurer = {{
  width(text, size, style) {{
    const bold = style & 1, mono = style & 4
    let ems = 0
    for (const character of text) {{
      const code = character.codePointAt(0), at = 2 * (code - 32)
      ems += mono ? 0.61 : code < 127 ? "{WIDTHS}".slice(at, at + 2) / 100 : code < 592 ? 0.7 : 1
    }}
    return size * ems * (bold ? 1.13 : 1)
  }}
}}
function draw(source, idPrefix, maxWidth) {{
  try {{
    const model = pele.parse(source)
    const {{ svg, width, height, links }} = pele.render(model, {{
      idPrefix, maxWidth, directionBreakpoint: 1e9, measurer, fontSize: {TEXT}, now: 0
    }})
    const nodes = model.type === "flowchart" ? [...model.nodes.keys()] : []
    return {{
      svg, width, height, idPrefix, links: links.length, accTitle: model.accTitle, accDescr: model.accDescr,
      nodes: nodes.filter(id => !model.subgraphLookup.has(id)).length
    }}
  }} catch (error) {{
    return {{ error: error.message, code: error.code, line: error.line, snippet: error.snippet }}
  }}
}}
"""

HARD_CODED = re.compile(
    r"^\s*(style|classDef|linkStyle)\s|^\s*theme(Variables|CSS)?\s*:|%%\{.*\btheme"
    r"|\b(fill|stroke):\S|#[\da-fA-F]{6}\b(?!;)|\b(rgb|hsl)a?\("
)

FENCE = re.compile(r"^```mermaid\n(.*?)\n```$", re.M | re.S)
NAMES = re.compile(r' (?:data-id|class)="[^"]*"')  # of parts, which no style asks for
FRACTION = re.compile(r'(?<=[",(A-Z -])-?\d+\.\d+(?=[",)A-Z ])')  # of a pixel, in coordinates

LOADING = Lock()  # one thread loads Pele, the other waits

log = logging.getLogger(f"mkdocs.{__name__}")  # below `mkdocs`, so that a strict build counts the warnings


def fence_mermaid(source: str, language: str, css_class: str, options: dict, md: Any, **kwargs: Any) -> str:
    """Give a fence as a `<figure>` with its drawing; what `problems` finds is logged as warnings.

    A format of `pymdownx.superfences`. A diagram that does not parse is given as its source.
    """
    title = re.search(r"accTitle\s*:\s*(.*)", source)
    name = title[1] if title else source.strip().partition("\n")[0]
    for _, message in problems(source):
        log.warning("Diagram “%s”: %s (`python3 scripts/dev.py check` gives file and line)", name, message)
    drawing = draw(source)
    if "svg" in drawing:
        return figure(source, md)
    if drawing["code"] != "unsupported-diagram":
        return f"<pre><code>{html.escape(source)}</code></pre>"
    if quickjs is None:
        log.warning("Diagram “%s” is left to the reader's browser: install quickjs-ng to draw it here", name)
    import mermaid2  # slow, and seldom needed

    return mermaid2.fence_mermaid_custom(html.escape(source), language, css_class, options, md, **kwargs)


# By this name mermaid2 knows that the theme draws what it is handed, and loads its library into those pages.
fence_mermaid.__name__ = "fence_mermaid_custom"


def figure(source: str, md: Any) -> str:
    """Give a diagram that parses as HTML for the page of `md`: its drawing, and a narrower one if any."""
    wide = draw(source)
    narrow = draw(source, PHONE) if wide["width"] > PHONE else wide
    if narrow["width"] < wide["width"]:
        drawings = _svg(wide, md, ' class="wide"') + _svg(narrow, md, ' class="narrow"')
    else:
        drawings = _svg(wide, md)
    return f'<figure class="diagram" aria-label="Diagram" data-search-exclude>{drawings}</figure>'


def _svg(drawing: dict[str, Any], md: Any, attribute: str = "") -> str:
    """Give a drawing as SVG without inline styles, which a strict Content-Security-Policy refuses.

    Its ids are a hash of its content, numbered where the page holds the same diagram again.
    """
    prefix = drawing["idPrefix"]
    seen = md.__dict__.setdefault("diagrams", [])
    seen.append(prefix)
    unique = f"{prefix}-{n}" if (n := seen.count(prefix)) > 1 else prefix
    content = (
        drawing["svg"]
        .partition(">")[2]
        .removesuffix("</svg>")
        .replace(' style="rx:var(--_r)"', ' rx="4"')
        .replace(' style="text-decoration:underline"', ' text-decoration="underline"')
        .replace('<a href="', '<a xlink:href="')  # the theme's instant navigation fails on `href` within SVG
        .replace(f'"{prefix}-', f'"{unique}-')
        .replace(f"#{prefix}-", f"#{unique}-")
    )
    content = NAMES.sub("", FRACTION.sub(lambda number: f"{float(number[0]):.0f}", content))
    width, height = drawing["width"], drawing["height"]
    role = "group" if drawing["links"] else "img"  # what is within an image cannot be reached
    return (
        f'<svg{attribute} viewBox="0 0 {width} {height}" width="{width / TEXT:.4g}em" fill="var(--_fg)"'
        f' role="{role}" aria-labelledby="{unique}-title" aria-describedby="{unique}-desc">'
        f'<g font-size="{TEXT}">{content}</g></svg>'
    )


def problems(source: str) -> Iterator[tuple[int, str]]:
    """Yield what a diagram's author has to mend: the line within the fence, from 1, and what to do.

    Without quickjs only what the text alone tells: hard-coded colours.
    """
    for number, line in enumerate(source.split("\n"), 1):
        if found := HARD_CODED.search(line):
            yield number, f"remove `{found[0].strip()}`: the site colours diagrams for light, dark and print"
    drawing = draw(source)
    if "svg" not in drawing:
        if quickjs:
            yield drawing["line"] or 1, _reason(source, drawing)
        return
    for key in ("accTitle", "accDescr"):
        if not drawing.get(key):
            yield 1, f"add a line `{key}: …` below the first (mindmap, block, sankey: draw a flowchart)"
    if (width := drawing["width"]) > WIDEST:
        yield 1, f"{width} px wide, over {WIDEST}: shorten labels, try `flowchart LR`, or split it"
    if drawing["nodes"] > MOST_NODES:
        yield 1, f"{drawing['nodes']} nodes, over {MOST_NODES}: merge some or split the diagram"


@functools.cache
def draw(source: str, width: int = COLUMN) -> dict[str, Any]:
    """Draw a diagram for a column of `width` px.

    Gives `svg`, its `idPrefix`, `width` and `height` in px, counts of `links` and of a flowchart's `nodes`,
    `accTitle` and `accDescr` if it has them; or `error`, `code`, `line` (from 1; 0 if unknown) and `snippet`.
    """
    if quickjs is None:
        return {"error": "quickjs-ng is not installed", "code": "unsupported-diagram"}
    prefix = "d" + hashlib.sha256(f"{width} {source}".encode()).hexdigest()[:8]
    with LOADING:
        renderer = _renderer()
    return renderer(source, prefix, width, run_gc=False)


def begin(texts: Iterable[str]) -> Thread:
    """Draw the diagrams in these texts of Markdown before they are asked for; Pele runs while Python goes on."""

    def work() -> None:
        with suppress(RuntimeError):  # the build broke off, and with it Pele's thread
            for source in sources:
                if draw(source).get("width", 0) > PHONE:
                    draw(source, PHONE)

    sources = [source for text in texts for source in FENCE.findall(text)]
    thread = Thread(target=work, daemon=True)
    thread.start()
    return thread


@functools.cache
def _renderer() -> quickjs.Function:
    """Load Pele once in a process; `Function` keeps its one context on a thread of its own."""
    pele = Path(__file__).with_name("vendor") / "pele.global.js"
    return quickjs.Function("draw", pele.read_text(encoding="utf-8") + DRAW)


def _reason(source: str, drawing: dict[str, Any]) -> str:
    """Say why a diagram cannot be drawn, in words for its author instead of the grammar's."""
    if drawing["code"] == "unsupported-diagram":
        kind = "".join(source.split(maxsplit=1)[:1])
        return f"`{kind}` is no kind of diagram known here: mend its spelling, or draw a flowchart"
    if drawing["code"] != "syntax":
        return f"does not parse: {drawing['error']}"
    text, _, pointer = drawing["snippet"].partition("\n")  # `----^`, below the text
    rest = text[len(pointer) - 1 :].strip()
    place = f"from `{rest}` on" if rest else "at the end of this line"
    return f"does not parse {place}: put labels in double quotes; close every bracket, quote and block"
