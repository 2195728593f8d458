"""The order of the pages, as a reader goes from one to the next, and what is said of a file that cannot be read."""

import re
import shutil
import subprocess
import sys
from html import unescape
from itertools import groupby
from pathlib import Path
from urllib.parse import urljoin

from scripts.chapter import Chapter
from tests.conftest import HOSTED, ROOT, build


def test_next_leads_through_every_page_in_order(site: Path):
    first = re.search("<loc>(.+?)</loc>", (site / "sitemap.xml").read_text("utf-8"))[1]
    here, seen = "index.html", []
    while True:
        seen.append(here)
        following = re.search(r'<link rel="next" href="([^"]+)"', (site / here).read_text("utf-8"))
        if not following:
            break
        here = urljoin(first + here, following[1]).removeprefix(first) + "index.html"
        assert here not in seen
    pages = {path.relative_to(site).as_posix() for path in site.rglob("index.html")}
    assert set(seen) == pages
    folders = [folder for folder, _ in groupby(page.split("/")[0] for page in seen)]
    assert folders == ["index.html", "framework", "case-studies", "reference", "contribute"]
    stages = [page for page in seen if page.startswith("framework/")]
    assert stages == ["framework/index.html", *sorted(stages)[:-1]]


def test_a_file_that_is_not_utf_8_stops_the_build_in_one_line(tmp_path):
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    for name in ("scripts", "overrides"):
        (tmp_path / name).symlink_to(ROOT / name, target_is_directory=True)
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    (tmp_path / "docs/reference/rain.md").write_bytes("---\ntitle: Straße\n---\n".encode("latin-1"))
    command = [sys.executable, "-m", "mkdocs", "build", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert "docs/reference/rain.md:2: encoding: this is not UTF-8" in done.stderr
    assert "Traceback" not in done.stderr


def test_cases_stand_side_by_side(site: Path):
    """Each case has a row with all that its front matter says, and stands by its difficulty."""
    html = unescape((site / "case-studies/index.html").read_text("utf-8"))
    cases = [Chapter(path) for path in (ROOT / "docs/case-studies").glob("*.md") if path.stem != "index"]
    assert cases
    _, by_difficulty, rest = re.split('<h2 id="(?:by-difficulty|side-by-side)">', html)
    for case in cases:
        rows = re.findall(rf'<th scope="row"><a href="{case.path.stem}/">.+?</tr>', rest, re.S)
        cells = [cell for row in rows for cell in re.findall("<td>(.*?)</td>", row)]
        assert cells == [str(value) for value in case.meta["matrix"].values()], case.path.name
        group = re.search(rf"<strong>{case.meta['difficulty'].capitalize()}:</strong>.+?</li>", by_difficulty, re.S)
        assert f'href="{case.path.stem}/"' in group[0], case.path.name


def test_two_builds_are_the_same_byte_for_byte(site: Path, tmp_path: Path):
    """In another folder, and with another order of whatever has none."""
    again = build(tmp_path / "elsewhere" / "guide", PYTHONHASHSEED="1", **HOSTED)
    files, others = (
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for folder in (site, again)
    )
    assert len(files) > 100
    assert files.keys() == others.keys()
    assert [name for name in files if files[name] != others[name]] == []
