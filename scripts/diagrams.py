"""Mermaid fences as inline SVG, drawn while the site is built.

Pele, vendored JavaScript, draws the diagram and quickjs runs it. One drawing serves light, dark and print: its
colours and fonts are the variables of docs/assets/stylesheets/diagrams.css. Where quickjs is missing, or Pele does
not know the kind of diagram, the fence goes to mermaid2, which has the reader's browser draw it.
"""

from __future__ import annotations

import functools
import hashlib
import html
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

try:
    import quickjs
except ImportError:  # no wheel for macOS on Intel
    quickjs = None

TEXT = 14  # px, as laid out; the stylesheet scales the whole drawing
COLUMN = 720  # px; a wider flowchart is turned. The text column is 686 px and more on a desktop
WIDEST = 900  # px; shrunk to the column, the text of a wider diagram falls below 10.7 px
MOST_NODES = 14

# Widths of the printable ASCII characters in hundredths of an em, the widest among Arial, DejaVu Sans, Inter, Noto
# Sans, Open Sans and Roboto, so that no label outgrows its box in whichever sans-serif the reader's system has.
WIDTHS = (
    "32414784659978303939568432463242646464646564646464643434848484569969697377676278763458685791767797"
    "36779765756999696869394239845650626458646237646428285828986462646442534064608260605664566484"
)

DRAW = f"""
const measurer = {{
  width(text, size, style) {{
    const [bold, mono] = [style & 1, style & 4]
    let ems = 0
    for (const character of text) {{
      const code = character.codePointAt(0), at = 2 * (code - 32)
      ems += mono ? 0.61 : code < 127 ? "{WIDTHS}".slice(at, at + 2) / 100 : code < 592 ? 0.7 : 1
    }}
    return size * ems * (bold ? 1.13 : 1)
  }}
}}
function draw(source, ident) {{
  try {{
    const model = pele.parse(source)
    const {{ svg, width, height, links }} = pele.render(model, {{
      idPrefix: ident, measurer, fontSize: {TEXT}, maxWidth: {COLUMN}, directionBreakpoint: 1e9, now: 0
    }})
    const nodes = model.type === "flowchart" ? [...model.nodes.keys()] : []
    return {{
      svg, width, height, links: links.length, title: model.accTitle, description: model.accDescr,
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

log = logging.getLogger(f"mkdocs.{__name__}")  # below `mkdocs`, so that a strict build counts the warnings


def fence_mermaid(source: str, language: str, css_class: str, options: dict, md: Any, **kwargs: Any) -> str:
    """Give a fence as a `<figure>` with the drawing; what `problems` finds is logged as warnings.

    A format of `pymdownx.superfences`. A diagram that does not parse is given as its source.
    """
    drawing = draw(source)
    title = re.search(r"accTitle\s*:\s*(.*)", source)
    name = title[1] if title else source.strip().partition("\n")[0]
    for _, message in problems(source):
        log.warning("Diagram “%s”: %s. `python3 scripts/dev.py check` names file and line.", name, message)
    if "svg" in drawing:
        return figure(source, drawing, md)
    if drawing["code"] != "unsupported-diagram":
        return f"<pre><code>{html.escape(source)}</code></pre>"
    if quickjs is None:
        log.warning(
            "Diagram “%s” is left to the reader's browser: install quickjs-ng, or publish from a machine that has it.",
            name,
        )
    import mermaid2  # slow, and seldom needed

    return mermaid2.fence_mermaid_custom(html.escape(source), language, css_class, options, md, **kwargs)


# mermaid2 knows by this name that the theme's script draws the fences handed to it, and loads its library for it.
fence_mermaid.__name__ = "fence_mermaid_custom"


def figure(source: str, drawing: dict[str, Any], md: Any) -> str:
    """Give the drawing as HTML that a strict Content-Security-Policy accepts: no inline style.

    Its ids are a hash of the source, numbered where a page (`md`) holds one diagram more than once.
    """
    ident = identify(source)
    seen = md.__dict__.setdefault("diagrams", [])
    seen.append(ident)
    unique = f"{ident}-{n}" if (n := seen.count(ident)) > 1 else ident
    content = (
        drawing["svg"]
        .partition(">")[2]
        .removesuffix("</svg>")
        .replace(' style="rx:var(--_r)"', ' rx="4"')
        .replace(' style="text-decoration:underline"', ' text-decoration="underline"')
        .replace('<a href="', '<a xlink:href="')  # the theme's instant navigation fails on `href` within SVG
        .replace(f'"{ident}-', f'"{unique}-')
        .replace(f"#{ident}-", f"#{unique}-")
    )
    # Links within an image cannot be reached.
    role = "group" if drawing["links"] else "img"
    return (
        f'<figure class="diagram scroll" aria-labelledby="{unique}-title" data-search-exclude>'
        f'<svg viewBox="0 0 {drawing["width"]} {drawing["height"]}" width="{drawing["width"] / TEXT:.4g}em"'
        f' fill="var(--_fg)" role="{role}" aria-labelledby="{unique}-title" aria-describedby="{unique}-desc">'
        f'<g font-size="{TEXT}">{content}</g></svg></figure>'
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
    for key, statement in (("title", "accTitle"), ("description", "accDescr")):
        if not drawing.get(key):
            yield 1, f"add a line `{statement}: …` below the first (mindmap, block and sankey take none: draw a flowchart)"
    if drawing["width"] > WIDEST:
        yield 1, f"{drawing['width']} px wide, over {WIDEST}: shorten its labels, turn it (`flowchart TB`) or split it"
    if drawing["nodes"] > MOST_NODES:
        yield 1, f"{drawing['nodes']} nodes, over {MOST_NODES}: merge some or split the diagram"


@functools.cache
def draw(source: str) -> dict[str, Any]:
    """Draw a diagram: `svg`, `width` and `height` in px, counts of `links` and `nodes` (of a flowchart), `title` and
    `description` where it has them; or `error`, `code`, `line` (from 1; 0 where not known) and `snippet`.
    """
    if quickjs is None:
        return {"error": "quickjs-ng is not installed", "code": "unsupported-diagram"}
    return _renderer()(source, identify(source), run_gc=False)


@functools.cache
def _renderer() -> quickjs.Function:
    """Load Pele once in a process; `Function` keeps its one context on a thread of its own."""
    pele = Path(__file__).with_name("vendor") / "pele.global.js"
    return quickjs.Function("draw", pele.read_text(encoding="utf-8") + DRAW)


def identify(source: str) -> str:
    """Name a diagram by its content: an HTML id, the same in every build."""
    return "d" + hashlib.sha256(source.encode()).hexdigest()[:8]


def _reason(source: str, drawing: dict[str, Any]) -> str:
    """Say why a diagram cannot be drawn in words for its author instead of the grammar's."""
    if drawing["code"] == "unsupported-diagram":
        kind = source.split(maxsplit=1)[:1]
        return f"`{''.join(kind)}` is no kind of diagram known here: mend its spelling, or draw a flowchart"
    if drawing["code"] == "syntax":
        text, _, pointer = drawing["snippet"].partition("\n")  # `----^`, below the text
        rest = text[len(pointer) - 1 :].strip()
        place = f"from `{rest}` on" if rest else "at the end of this line"
        return f"does not parse {place}: put labels in double quotes, and close every bracket, quote and block"
    return f"does not parse: {drawing['error']}"
