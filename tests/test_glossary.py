"""The first use of a term is a link, once a page, in the text and nowhere else; a faulty entry is found."""

import re

import pytest
from markdown import markdown

from scripts import check, glossary
from scripts.chapter import Chapter

GLOSSARY = """\
---
title: Glossary
---

# Glossary

## C

### click-through rate

*Also: CTR, pCTR.*

The share of views that are clicked. It falls with the position.

## N

### negative

A row without the event.

### negative sampling

*Also: kept negatives.*

Training on a share of the negatives. See [training](4-training.md).
"""
EXTENSIONS = ["tables", "footnotes", "toc", "pymdownx.superfences", "scripts.practice", "scripts.glossary"]


@pytest.fixture(autouse=True)
def page(tmp_path, monkeypatch):
    """This glossary instead of the guide's."""
    path = tmp_path / "reference" / "glossary.md"
    path.parent.mkdir()
    path.write_text(GLOSSARY, "utf-8")
    monkeypatch.setattr(glossary, "DOCS", tmp_path)
    monkeypatch.setattr(glossary, "PAGE", path)
    return path


def links(text: str) -> list[tuple[str, str]]:
    """(anchor, text) of each link to the glossary, in order."""
    html = markdown(text, extensions=EXTENSIONS)
    return re.findall(r'<a class="term" href="/reference/glossary\.md#([^"]+)" title="[^"]+">([^<]+)</a>', html)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The CTR fell, and the CTR rose.", [("click-through-rate", "CTR")]),
        ("CTR is a click-through\nrate.", [("click-through-rate", "CTR")]),
        ("Click-through\nrates fall.", [("click-through-rate", "Click-through\nrates")]),
        ("The ctr, a CTRL, an e-CTR, CTR-like.", []),
        ("Negative sampling, then negatives.", [("negative-sampling", "Negative sampling"), ("negative", "negatives")]),
        ("A **CTR** of *kept negatives*", [("click-through-rate", "CTR"), ("negative-sampling", "kept negatives")]),
        ("- the CTR\n- a negative", [("click-through-rate", "CTR"), ("negative", "negative")]),
        ("| CTR |\n| --- |\n| a negative |", [("negative", "negative")]),
        ("# CTR\n\n`CTR` [CTR](a.md)", []),
        ("```text\nCTR\n```", []),
        ("Text.[^a]\n\n[^a]: CTR, 2020.", []),
        ("### Q\n\n- [x] CTR\n\n    A negative.", [("negative", "negative")]),
        ("## Negative\n\nA negative.\n\n## Other\n\nA negative.", [("negative", "negative")]),
    ],
)
def test_first_uses(text, found):
    assert links(text) == found


def test_nothing_else_changes():
    """Take the links out and the page is what it was."""
    text = "The *CTR* and\nthe CTR, negatives & more.\n\n- CTR\n- **negative** sampling of negatives: `x`, *y* CTR z"
    html = markdown(text, extensions=EXTENSIONS)
    assert html.count('class="term"') == 2
    assert re.sub(r'<a class="term"[^>]+>(.+?)</a>', r"\1", html) == markdown(text, extensions=EXTENSIONS[:-1])


def test_hover_text_is_the_first_sentence():
    assert 'title="The share of views that are clicked."' in markdown("CTR", extensions=EXTENSIONS)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("### negative\n", "### row\n", "move `negative sampling` up"),
        ("A row without the event.", "", "write below `negative` what it is"),
        ("A row without the event.", "*Also: no.*", "write below `negative` what it is"),
        ("A row", "A row" + "s" * 200, "shorten the first sentence on `negative` by"),
        ("kept negatives", "CTR", "take the name `CTR` out of one of `click-through rate` and `negative sampling`"),
    ],
)
def test_faulty_entry(page, old, new, message):
    assert old in GLOSSARY
    found = [f for f in check.check(page, GLOSSARY.replace(old, new, 1)) if f.rule == "glossary-entry"]
    assert len(found) == 1
    assert found[0].message.startswith(message)


def test_sound_glossary(page):
    assert list(glossary.problems(Chapter(page))) == []


def test_unreadable_glossary_makes_no_links(page):
    page.write_text("no front matter", "utf-8")
    assert links("The CTR") == []


def test_links_of_the_site(site):
    """Every chapter links to the glossary, to each entry once at most; scripts/site.py proves the anchors."""
    chapters = [*site.glob("framework/*/index.html"), *site.glob("case-studies/*/index.html")]
    assert chapters
    for path in chapters:
        anchors = re.findall(r'<a class="term" href="[./]+reference/glossary/#([^"]+)"', path.read_text("utf-8"))
        assert len(anchors) > 20, path
        assert len(anchors) == len(set(anchors)), path
