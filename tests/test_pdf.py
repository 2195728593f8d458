"""The PDFs read back: complete, numbered, tagged, with bookmarks and links that lead somewhere, and no blank page."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from pypdf import PdfReader
from pypdf.generic import Destination

from scripts import pdf
from tests.conftest import ROOT

STAGE, CASE = "framework/1-clarify/", "case-studies/ad-click-prediction/"


@pytest.fixture(scope="module")
def printed(site: Path, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> dict[str, PdfReader]:
    """A chapter, and three pages as a whole guide."""
    folder = tmp_path_factory.mktemp("pdf")
    context = browser.new_context(bypass_csp=True)
    base = pdf.root(site)
    pdf.serve(context, site, base)
    pdf.chapter(context, base, CASE, folder / "case.pdf")
    pdf.whole(context, base, ["framework/", STAGE, CASE], folder / "guide.pdf")
    context.close()
    return {path.stem: PdfReader(str(path)) for path in folder.glob("*.pdf")}


def bookmarks(outline: list, level: int = 1) -> list[tuple[int, Destination]]:
    found: list[tuple[int, Destination]] = []
    for item in outline:
        found += bookmarks(item, level + 1) if isinstance(item, list) else [(level, item)]
    return found


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
    pages = [page.extract_text() for page in printed[name].pages]
    assert len(pages) > 20
    for number, text in enumerate(pages, 1):
        if name == "guide" and number <= 2:
            continue  # cover and contents
        assert len(text) > 150, number
        assert re.search(rf"(?m)^\s*{number}\s*$", text), number


def test_running_titles(printed):
    assert printed["case"].pages[3].extract_text().lstrip().startswith("Ad click prediction")
    assert printed["guide"].pages[-1].extract_text().lstrip().startswith("Ad click prediction")


def test_bookmarks(printed):
    found = bookmarks(printed["guide"].outline)
    assert {level for level, _ in found} == {1, 2, 3}
    tops = [item.title for level, item in found if level == 1]
    assert tops == ["Contents", "Framework", "Clarify and define success", "Ad click prediction"]
    pages = [printed["guide"].get_destination_page_number(item) for _, item in found]
    assert pages == sorted(pages)


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
