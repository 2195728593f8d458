"""The checker of the built HTML: one smallest edit of a good site for each fault, and no false alarm."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import site

ROOT = Path(__file__).parents[1]
# The lines are numbered from 1; a page of the built site stands beside the Markdown that it came from.
GOOD = {
    "site/index.html": """<!doctype html><html lang="en">
<link rel="canonical" href="https://guide.example/base/"><link rel="alternate" href="https://feed.example/">
<link rel="stylesheet" href="assets/guide.css">
<style>body { background: url(assets/mark.svg) }</style>
<a href="." aria-label="Home"><svg viewBox="0 0 1 1"><use href="assets/mark.svg#mark"/></svg></a>
<article><h1 id="home">Home</h1>
<p>See <a href="stages/clarify/#scope">scope</a>, <code>[a][b]</code>, x[i][j] and a note
<sup id="fnref:1"><a class="footnote-ref" href="#fn:1">1</a></sup>.</p>
<h2 id="more">More<a class="headerlink" href="#more">¶</a></h2>
<p><a href="https://elsewhere.example/">Elsewhere</a> <img alt="A mark" src="assets/mark.svg"></p>
<p><a href="https://guide.example/base/stages/clarify/"><img alt="On" src="data:image/gif;base64,R0"></a></p>
<h3 id="last">Last</h3>
<script type="application/json">{"a": 1}</script>
<ol><li id="fn:1">A note <a class="footnote-backref" href="#fnref:1">↩</a></li></ol>
</article><footer>[c][d]</footer><script src="assets/guide.js"></script><script>run()</script></html>
""",
    "site/stages/clarify/index.html": """<!doctype html><html lang="en">
<article><h1 id="clarify">Clarify</h1><h2 id="scope">Scope</h2>
<p><a href="../../">Home</a> <a href="/base/#more">More</a> <a href="#gr%C3%B6%C3%9Fe">Size</a></p>
<h3 id="größe">Size</h3><h2>Next</h2><img alt="A mark" src="../../assets/my%20mark.svg"></article></html>
""",
    "site/404.html": """<!doctype html><html lang="en"><link rel="icon" href="/base/assets/mark.svg">
<h1>Not here</h1><a href="/base/">Home</a><a href="/base/stages/clarify/">Clarify</a></html>
""",
    "site/assets/guide.css": """/* not url(fetched.png) */
h1 { background: url("mark.svg") }
""",
    "site/assets/guide.js": "",
    "site/assets/mark.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>",
    "site/assets/my mark.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>",
    "docs/index.md": """# Home

See [scope](stages/clarify.md#scope), `[a][b]`, x[i][j] and a note[^1].

## More

[Elsewhere](https://elsewhere.example/) ![A mark](assets/mark.svg)

### Last

[^1]: A note
""",
    "docs/stages/clarify.md": "# Clarify\n\n## Scope\n\n[Home](../index.md)\n",
    "docs/assets/guide.css": '/* not url(fetched.png) */\nh1 { background: url("mark.svg") }\n',
}
MORE = '<h2 id="more">More<a class="headerlink" href="#more">¶</a></h2>'
HOME, CLARIFY, LOST, CSS = "index.html", "stages/clarify/index.html", "404.html", "assets/guide.css"
# What to change in the built site, and the line and the rule of the one finding that it makes.
FAULTS = [
    (HOME, '<html lang="en">', "<html>", 1, "html-lang"),
    (HOME, '<html lang="en">', '<html lang="">', 1, "html-lang"),
    (LOST, "<h1>Not here</h1>", "", 1, "one-h1"),
    (LOST, "<h1>Not here</h1>", "<h1>Not</h1><h1>here</h1>", 1, "one-h1"),
    (HOME, '<h3 id="last">Last</h3>', '<h4 id="last">Last</h4>', 12, "skipped-heading"),
    (CLARIFY, "<h2>Next</h2>", "<h2>Next</h2><h4>Deep</h4>", 4, "skipped-heading"),
    (CLARIFY, '<h1 id="clarify">', "<h2>Early</h2><h1>", 2, "skipped-heading"),
    (HOME, 'id="last"', 'id="home"', 12, "duplicate-id"),
    (HOME, ' alt="A mark"', "", 10, "image-alt"),
    (HOME, 'alt="A mark"', 'alt=" "', 10, "image-alt"),
    (HOME, ">Elsewhere<", "> <", 10, "empty-link"),
    (HOME, ' aria-label="Home"', "", 5, "empty-link"),
    (HOME, 'href="https://elsewhere.example/"', 'href=""', 10, "empty-link"),
    (HOME, "stages/clarify/#scope", "stages/clarity/#scope", 7, "broken-link"),
    (HOME, "stages/clarify/#scope", "../stages/clarify/#scope", 7, "broken-link"),
    (HOME, "https://elsewhere.example/", "https://[elsewhere/", 10, "broken-link"),
    (HOME, "guide.example/base/stages/clarify/", "guide.example/base/stage/", 11, "broken-link"),
    (HOME, "<h3 ", '<svg><a xlink:href="gone/"><text>Gone</text></a></svg><h3 ', 12, "broken-link"),
    (LOST, 'href="/base/"', 'href="/other/"', 2, "broken-link"),
    (HOME, "stages/clarify/#scope", "stages/clarify/#scopes", 7, "broken-anchor"),
    (HOME, 'href="#more"', 'href="#mor"', 9, "broken-anchor"),
    (CLARIFY, "/base/#more", "/base/#mere", 3, "broken-anchor"),
    (HOME, 'src="assets/mark.svg"', 'src="assets/marc.svg"', 10, "missing-file"),
    (HOME, 'src="assets/mark.svg"', 'srcset="assets/mark.svg 1x, assets/mark2.svg 2x"', 10, "missing-file"),
    (HOME, 'src="assets/guide.js"', 'src="assets/gone.js"', 15, "missing-file"),
    (HOME, 'href="assets/guide.css"', 'href="assets/gone.css"', 3, "missing-file"),
    (HOME, "url(assets/mark.svg)", "url(assets/gone.svg)", 4, "missing-file"),
    (LOST, "/base/assets/mark.svg", "/assets/mark.svg", 1, "missing-file"),
    (CSS, 'url("mark.svg")', "url('gone.svg')", 2, "missing-file"),
    (HOME, 'src="assets/guide.js"', 'src="//cdn.example/guide.js"', 15, "outside-resource"),
    (HOME, 'src="assets/mark.svg"', 'src="https://cdn.example/mark.svg"', 10, "outside-resource"),
    (HOME, '"stylesheet" href="assets/guide.css"', '"preconnect" href="//f.example"', 3, "outside-resource"),
    (HOME, "<h1 ", '<h1 style="background: url(https://cdn.example/a.png)" ', 6, "outside-resource"),
    (CLARIFY, "</article>", '</article><video poster="//cdn.example/"></video>', 4, "outside-resource"),
    (CLARIFY, "</article>", '</article><object data="//cdn.example/"></object>', 4, "outside-resource"),
    (CLARIFY, "</article>", '</article><iframe src="https://cdn.example/"></iframe>', 4, "outside-resource"),
    (CSS, "h1", '@import "https://cdn.example/a.css"; h1', 2, "outside-resource"),
    (CSS, 'url("mark.svg")', "url( 'https://cdn.example/a.woff2' )", 2, "outside-resource"),
    (HOME, ">scope</a>", ">scope</a> [the <em>paper</em>][paper]", 7, "undefined-reference"),
    (HOME, "and a note", "and\na [note][]", 8, "undefined-reference"),
    (HOME, "a note", "a[^2] note", 7, "undefined-reference"),
    (HOME, '<sup id="fnref:1">', "<sup>", 14, "unused-footnote"),
    (HOME, "</article>", "<script>run()</script></article>", 15, "unsafe-html"),
    (HOME, "</article>", "<object></object></article>", 15, "unsafe-html"),
    (HOME, "</article>", '</article><iframe srcdoc="run"></iframe>', 15, "unsafe-html"),
    (HOME, "<h1 ", '<h1 onclick="run()" ', 6, "unsafe-html"),
    (HOME, "https://elsewhere.example/", " Java\tScript:run()", 10, "unsafe-html"),
]


@pytest.fixture
def good(tmp_path: Path) -> Path:
    for name, text in GOOD.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert text.count(old) >= 1
    file.write_text(text.replace(old, new, 1), "utf-8")


def test_good_site_has_no_problem(good: Path) -> None:
    assert list(site.problems(good / "site")) == []
    assert list(site.problems(good / "site", good / "docs")) == []


@pytest.mark.parametrize(("name", "old", "new", "line", "rule"), FAULTS)
def test_fault_is_found_and_only_it(good: Path, name: str, old: str, new: str, line: int, rule: str) -> None:
    edit(good / "site" / name, old, new)
    assert [found[:3] for found in site.problems(good / "site")] == [(str(good / "site" / name), line, rule)]


def test_every_rule_has_a_fault() -> None:
    assert {fault[-1] for fault in FAULTS} | {"empty-site"} == set(site.RULES)


@pytest.mark.parametrize(
    ("name", "old", "new", "place", "hint"),
    [
        (HOME, "y/#scope", "y/#scopes", "docs/index.md:1", "nearest is 'scope' (line 7 of "),
        (HOME, "clarify/#", "clarity/#", "docs/index.md:1", "nearest is 'stages/clarify' ("),
        (HOME, MORE, MORE.replace("h2", "h3"), "docs/index.md:5", "go down one level at a time"),
        (HOME, ' alt="A mark"', "", "docs/index.md:7", "say what it shows"),
        (HOME, '<sup id="fnref:1">', "<sup>", "docs/index.md:11", "refer to it or delete it"),
        (HOME, "https://elsewhere.example/", "javascript:run()", "docs/index.md:1", "'javascript:' can run code"),
        (HOME, "x[i][j]", "[x][i]", "docs/index.md:1", "put it in backticks"),
        (HOME, '<html lang="en">', "<html>", "docs/index.md:1", "give <html> a lang (line 1 of "),
        (CLARIFY, "<article>", "<h1>Twice</h1>", "docs/stages/clarify.md:1", "exactly one (line 1 of "),
        (LOST, '<html lang="en">', "<html>", "site/404.html:1", "give <html> a lang"),
        (CSS, "mark.svg", "marks.svg", "docs/assets/guide.css:1", "nearest is 'assets/mark.svg'"),
    ],
)
def test_message_names_what_to_edit(good: Path, name: str, old: str, new: str, place: str, hint: str) -> None:
    edit(good / "site" / name, old, new)
    [(file, line, _, message)] = site.problems(good / "site", good / "docs")
    assert f"{file}:{line}" == str(good / place)
    assert hint in message


@pytest.mark.parametrize(
    ("built", "markdown"),
    [
        ("index.html", "index.md"),
        ("a/index.html", "a.md"),
        ("a/index.html", "a/index.md"),
        ("a/index.html", "a/README.md"),
        ("a/b.html", "a/b.md"),
        ("assets/guide.css", "assets/guide.css"),
    ],
)
def test_source_of_a_built_file(tmp_path: Path, built: str, markdown: str) -> None:
    assert site.source(built, tmp_path) is None
    (tmp_path / markdown).parent.mkdir(exist_ok=True)
    (tmp_path / markdown).touch()
    (tmp_path / "README.md").touch()
    assert site.source(built, tmp_path) == tmp_path / markdown
    assert site.source("404.html", tmp_path) is None


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1", "PYTHONUTF8": "1"}
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


def test_command_prints_one_line_a_finding(good: Path) -> None:
    done = run("scripts.site", good / "site", good / "docs")
    assert (done.returncode, done.stderr) == (0, "")
    edit(good / "site" / HOME, ' alt="A mark"', "")
    done = run("scripts.site", good / "site", good / "docs")
    message = "image-alt: the image 'mark.svg' has no alternative text; say what it shows"
    assert (done.returncode, done.stdout, done.stderr) == (1, f"{good / 'docs/index.md'}:7: {message}\n", "")


@pytest.mark.parametrize("name", ["empty", "missing"])
def test_empty_or_missing_site_fails(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    done = run("scripts.site", tmp_path / name)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == f"{tmp_path / name}:1: empty-site: no page here; build the site first\n"


CONFIGURATION = """
site_name: Guide
site_url: https://guide.example/base/
repo_url: https://forge.example/guide
edit_uri: edit/main/docs/
theme:
  name: material
  font: false
  features: [content.action.edit, content.code.copy, navigation.footer, navigation.indexes, navigation.tabs]
plugins: [search, tags]
markdown_extensions:
  - abbr
  - attr_list
  - footnotes
  - md_in_html
  - tables
  - toc: {permalink: true}
  - pymdownx.highlight: {anchor_linenums: false}
  - pymdownx.superfences
  - pymdownx.tasklist
"""
RICH = """---
tags: [ranking]
---
# Rich

A [link](stages/clarify.md#scope-and-goals), `[a][b]`, a note[^1] twice[^1], <https://elsewhere.example/?a=1&b=2>.

![A mark](assets/mark.svg)

## Code

```python
x = a[i][j]  # [^2]
```

- [ ] to do
- [x] done

| A | B |
|---|---|
| 1 | 2 |

[^1]: A note.
"""

FAULTY = """# Faulty

Left [as][text]. ![](assets/mark.svg)

`[^2]` and [^3]

<b onclick="run()">bold</b> <a href="../stages/clarity/">clarity</a>

[^2]: Unused.
"""


def test_material_site_has_no_false_alarm(tmp_path: Path) -> None:
    pages = {"index.md": RICH, "stages/clarify.md": "# Clarify\n\n## Scope and goals\n", "faulty.md": FAULTY}
    pages["assets/mark.svg"] = GOOD["site/assets/mark.svg"]
    for name, text in pages.items():
        (tmp_path / "docs" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "docs" / name).write_text(text, "utf-8")
    (tmp_path / "mkdocs.yml").write_text(CONFIGURATION, "utf-8")
    done = run("mkdocs", "build", "-q", "-f", tmp_path / "mkdocs.yml", "-d", tmp_path / "site")
    assert done.returncode == 0, done.stderr
    found = list(site.problems(tmp_path / "site", tmp_path / "docs"))
    assert {file for file, *_ in found} == {str(tmp_path / "docs/faulty.md")}
    assert [(line, rule) for _, line, rule, _ in found] == [
        (3, "image-alt"),
        (3, "undefined-reference"),
        (5, "undefined-reference"),
        (7, "broken-link"),
        (7, "unsafe-html"),
        (9, "unused-footnote"),
    ]
