"""The order of the pages, as a reader goes from one to the next."""

import re
from itertools import groupby
from pathlib import Path
from urllib.parse import urljoin


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
