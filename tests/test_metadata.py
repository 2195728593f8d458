"""What search engines and shared links show of a page: its own address and words, a card, its place in the guide."""

import json
import re
from html import unescape
from pathlib import Path

from scripts import pdf

META = re.compile(r'<meta (?:property|name)="([^"]+)" content="([^"]*)">')


def test_every_page_says_what_it_is(site: Path):
    base, seen = pdf.root(site), set()
    sitemap = re.findall("<loc>(.+?)</loc>", (site / "sitemap.xml").read_text("utf-8"))
    for place in pdf.addresses(site):
        html = (site / place / "index.html").read_text("utf-8")
        meta = {name: unescape(content) for name, content in META.findall(html)}
        assert meta["og:url"] == base + place
        assert f'<link rel="canonical" href="{base}{place}">' in html
        assert base + place in sitemap
        assert meta["og:description"] == meta["description"]
        assert 50 <= len(meta["og:description"]) <= 200, place
        assert (site / meta["og:image"].removeprefix(base)).stat().st_size < 100_000
        seen.add((meta["og:title"], meta["og:description"]))
        about, *trail = json.loads(re.search(r'<script type="application/ld\+json">(.+?)</script>', html)[1])["@graph"]
        assert (about["name"], about["url"]) == (meta["og:title"], base + place)
        names = [step["name"] for step in trail[0]["itemListElement"]] if trail else []
        assert names[1:] == ([about["name"]] if place.count("/") == 2 else []), place
    assert len(seen) == len(sitemap) == len(pdf.addresses(site))
