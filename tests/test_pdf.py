"""The PDFs read back: complete, numbered, tagged, with bookmarks and links that lead somewhere; and looked at."""

import os
import re
import subprocess
import sys
from itertools import groupby, pairwise
from pathlib import Path

import pypdfium2
import pytest
from playwright.sync_api import Browser
from pypdf import PdfReader
from pypdf.generic import Destination

from scripts import pdf
from tests.conftest import ROOT

STAGE, CASE = "framework/1-clarify/", "case-studies/ad-click-prediction/"
SHEET = "reference/cheat-sheet/"
PLACES = sorted(
    f"{path.parent.name}/{path.stem}/".replace("/index/", "/")
    for path in ROOT.glob("docs/*/*.md")
    if path.parent.name != "templates"
)


@pytest.fixture(scope="module")
def printed(site: Path, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> dict[str, PdfReader]:
    """A chapter, and four pages as a whole guide."""
    folder = tmp_path_factory.mktemp("pdf")
    context = browser.new_context(bypass_csp=True)
    base = pdf.root(site)
    pdf.serve(context, site, base)
    pdf.chapter(context, base, CASE, folder / "case.pdf")
    pdf.whole(context, base, ["framework/", STAGE, SHEET, CASE], folder / "guide.pdf")
    context.close()
    return {path.stem: PdfReader(str(path)) for path in folder.glob("*.pdf")}


def bookmarks(outline: list, level: int = 1) -> list[tuple[int, Destination]]:
    found: list[tuple[int, Destination]] = []
    for item in outline:
        found += bookmarks(item, level + 1) if isinstance(item, list) else [(level, item)]
    return found


def sheets(reader: PdfReader) -> list[int]:
    """The pages of the cheat sheet in the whole guide, from 1."""
    *_, sheet, following = pdf.starts(reader)
    return list(range(sheet, following))


def test_order_of_the_pages(site: Path):
    places = pdf.addresses(site)
    assert places[:3] == ["", "framework/", STAGE]
    assert len(places) == len(set(places)) == len(list(site.rglob("index.html")))


@pytest.mark.parametrize(("name", "title"), [("case", "Ad click prediction"), ("guide", "Machine learning system")])
def test_document(printed, name, title):
    reader = printed[name]
    assert reader.metadata["/Title"].startswith(title)
    assert reader.metadata["/Author"] == pdf.AUTHOR
    catalogue = reader.trailer["/Root"]
    assert catalogue["/Lang"] == "en"
    assert catalogue["/MarkInfo"]["/Marked"]
    fonts = {font for page in reader.pages for font in page["/Resources"].get("/Font", {}).values()}
    assert fonts
    for font in fonts:
        below = font.get_object()["/DescendantFonts"][0].get_object()
        assert {"/FontFile2", "/FontFile3"} & below["/FontDescriptor"].get_object().keys()


@pytest.mark.parametrize("name", ["case", "guide"])
def test_every_page_has_text_and_its_number(printed, name):
    document = pypdfium2.PdfDocument(printed[name].stream)  # pypdf takes ten times as long
    pages = [page.get_textpage().get_text_bounded() for page in document]
    assert len(pages) > 20
    plain = [1, 2, *sheets(printed["guide"])] if name == "guide" else []  # cover, contents and cheat sheet
    for number, text in enumerate(pages, 1):
        if number in plain:
            continue
        assert len(text) > 150, number
        assert re.search(rf"(?m)^\s*{number}\s*$", text), number


def test_running_titles(printed):
    assert printed["case"].pages[3].extract_text().lstrip().startswith("Ad click prediction")
    assert printed["guide"].pages[-1].extract_text().lstrip().startswith("Ad click prediction")


def test_bookmarks(printed):
    found = bookmarks(printed["guide"].outline)
    assert {level for level, _ in found} == {1, 2, 3}
    tops = [item.title for level, item in found if level == 1]
    assert tops == ["Contents", "Framework", "Clarify and define success", "Cheat sheet", "Ad click prediction"]
    pages = [printed["guide"].get_destination_page_number(item) for _, item in found]
    assert pages == sorted(pages)


def test_the_cheat_sheet_is_two_sides_of_the_guide_too(printed):
    assert len(sheets(printed["guide"])) == 2


def test_contents_give_the_pages(printed):
    reader = printed["guide"]
    contents = reader.pages[1].extract_text()
    for level, item in bookmarks(reader.outline)[1:]:
        if level == 1:
            assert re.search(rf"{item.title}\s+{reader.get_destination_page_number(item) + 1}\b", contents)


def test_links_inside_the_guide_jump(printed):
    """A link from the framework to a stage leads to its page, one to a chapter that is not there to the site."""
    named = printed["guide"].named_destinations
    links = [link.get_object() for page in printed["guide"].pages for link in page.get("/Annots", [])]
    inside = [link["/Dest"] for link in links if "/Dest" in link]
    assert len(inside) > 50
    assert {str(name) for name in inside if isinstance(name, str)} <= named.keys()
    outside = [link["/A"]["/URI"] for link in links if "/A" in link]
    assert "http://127.0.0.1/guide/framework/2-data/" in outside
    assert not [address for address in outside if address.startswith("http://127.0.0.1/guide/framework/1-clarify/")]


def test_no_site_is_said_in_one_line(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["pdf", str(tmp_path)])
    assert pdf.main() == 1
    assert "there is no built site; make one with" in capsys.readouterr().out


def test_no_browser_is_said_in_one_line(site: Path):
    settings = os.environ | {"BROWSER_PATH": "no-such-browser"}
    command = [sys.executable, "-m", "scripts.pdf", str(site)]
    done = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "BROWSER_PATH names no-such-browser" in done.stdout
    assert done.stderr == ""


# What paper shows -----------------------------------------------------------------------------------------------------

SHORT = "table:not(:has(tbody > :nth-child(8)))"
LONG_ROW = "table:has(tbody > :nth-child(8)) > tbody > tr"
WHOLE = f".diagram svg, pre, blockquote, .option, {LONG_ROW}"
FIRST, LAST = f"{SHORT} > thead > tr", f"{SHORT} > tbody > tr:last-child"
TOP, BOTTOM, HEADING = "#c81e64", "#14a03c", "#fae600"
UPPER, LOWER = (
    f"linear-gradient({colour}, {colour}) {edge} / 100% 3px no-repeat"
    for colour, edge in ((TOP, "top"), (BOTTOM, "bottom"))
)
# A line along the upper and the lower edge of all that belongs on one page; it moves nothing.
MARKS = f"""@media print {{
  :root {{ print-color-adjust: exact; }}
  {FIRST} {{ background: {UPPER} !important; }}
  {LAST} {{ background: {LOWER} !important; }}
  {WHOLE} {{ background: {UPPER}, {LOWER} !important; }}
  h1, h2, h3, h4, thead {{ background: {HEADING}; }}
  th, td {{ border-color: transparent !important; }}
}}"""
MARKED = "selector => [...document.querySelectorAll(selector)].filter(element => element.checkVisibility()).length"
TEXT_SIZES = """() => [...document.querySelectorAll(".diagram svg")].filter(svg => svg.checkVisibility()).map(svg => {
  const { width, height } = svg.getBoundingClientRect(), { width: across, height: down } = svg.viewBox.baseVal
  const sizes = [...svg.querySelectorAll("text")].map(text => parseFloat(getComputedStyle(text).fontSize))
  return Math.min(width / across, height / down) * Math.min(...sizes) * .75
})"""
SCALE = 0.75  # pixels a point: a line of 2 CSS pixels, is one of 1 or 2
SIDE, HEAD, FOOT = (round(points * SCALE) for points in (43, 48, 50))  # what is within the margins


def colour(code: str) -> bytes:
    """A pixel of a colour, as the renderer stores it."""
    return bytes.fromhex(code[1:])[::-1]


def rows(document: pypdfium2.PdfDocument) -> list[list[bytes]]:
    """For each page its rows of pixels between head and foot."""
    found = []
    for page in document:
        options = {"no_smoothtext": True, "no_smoothpath": True}  # or the marks have mixed colours
        bitmap = page.render(scale=SCALE, maybe_alpha=False, **options)
        pixels = bytes(bitmap.buffer)
        starts = range(HEAD * bitmap.stride, (bitmap.height - FOOT) * bitmap.stride, bitmap.stride)
        found.append([pixels[start : start + 3 * bitmap.width] for start in starts])
    return found


def edges(page: list[bytes]) -> str:
    """The marked edges on a page from its head down, as in "tbtb".

    A hairline at the very head or foot is left out: there begins or ends, without height, what the other page shows.
    """
    kinds = ("t" if colour(TOP) in row else "b" if colour(BOTTOM) in row else " " for row in page)
    found = "".join(kind for kind, _ in groupby(kinds)).replace(" ", "")
    first, *_, last = inked(page)
    begin, end = colour(BOTTOM) in page[first], colour(TOP) in page[last]
    return found[begin : len(found) - end]


def inked(page: list[bytes]) -> list[int]:
    """The rows that are not white."""
    return [number for number, row in enumerate(page) if row.strip(b"\xff")]


@pytest.mark.parametrize("place", [place for place in PLACES if place != SHEET])
def test_a_page_on_paper(place: str, site: Path, browser: Browser, tmp_path: Path):
    """Nothing is cut that fits a page, no heading ends one, nothing stands in the margins, diagrams are legible."""
    context = browser.new_context(bypass_csp=True, viewport={"width": 672, "height": 979})  # as wide as the text on A4
    base = pdf.root(site)
    pdf.serve(context, site, base)
    page = context.new_page()
    page.goto(base + place)
    page.add_style_tag(content=MARKS)
    pdf.printed(page, tmp_path / "page.pdf")
    page.emulate_media(media="print")
    assert min(page.evaluate(TEXT_SIZES), default=9) > 6, "points: the diagram is too tall for a page"
    things = page.evaluate(MARKED, f"{WHOLE}, {FIRST}")
    context.close()

    pages = rows(pypdfium2.PdfDocument(tmp_path / "page.pdf"))
    assert all(map(inked, pages)), "a blank page"
    shown = [edges(page) for page in pages]
    assert [(number, found) for number, found in enumerate(shown, 1) if found.replace("tb", "")] == []
    assert "".join(shown).count("t") == things
    for number, (rows_here, rows_next) in enumerate(pairwise(pages), 1):
        *_, last = inked(rows_here)
        first, *_ = inked(rows_next)
        alone = all(colour(HEADING) in row for row in rows_here[last - 4 : last])
        assert not alone, f"page {number} ends with a heading"
        below = 40 if colour(HEADING) in rows_next[first] else 4  # a heading goes with what follows it
        whole = any(colour(TOP) in row for row in rows_next[first : first + below])
        assert whole or last > 0.6 * len(rows_here), f"page {number} is mostly empty, and nothing whole follows"
    for number, rows_here in enumerate(pages, 1):
        sides = b"".join(row[: 3 * SIDE] + row[-3 * SIDE :] for row in rows_here)
        assert not sides.strip(b"\xff"), f"page {number} has something in its margins"
