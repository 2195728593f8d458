"""A rebuild gives what a fresh build would give, whatever was edited: nothing that is kept can be stale."""

import shutil
import subprocess
import sys
from pathlib import Path

from scripts import rendered
from tests.conftest import ROOT

BUILDS = """
import logging, sys
from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.structure.pages import Page
logging.getLogger("mkdocs").addHandler(logging.StreamHandler())
render, rendered = Page.render, []
Page.render = lambda page, *rest: rendered.append(page) or render(page, *rest)
for line in sys.stdin:
    rendered.clear()
    build(load_config(site_dir=line.strip()))
    print("rendered", len(rendered), flush=True)
"""

OPENED = """
import sys
from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.structure.pages import Page
opened, rendering, render = set(), [], Page.render

def watched(*arguments):
    rendering.append(True)
    render(*arguments)
    rendering.pop()

Page.render = watched
sys.addaudithook(lambda event, values: rendering and event == "open" and opened.add(str(values[0])))
build(load_config(site_dir=sys.argv[1]))
print(*sorted(opened), sep="\\n")
"""

PAGES = {
    "index.md": "# Home\n\nSee [one](part/one.md#here).\n",
    "part/index.md": "# Part\n\nOf the guide.\n",
    "part/one.md": (
        "---\ntopic: ranking\n---\n# One\n\nA recall, a recall; {{ hop }}.\n\n"
        "## Here\n\n```estimate\nhop = numbers.proxy_hop\n"
        '```\n\n```mermaid\nflowchart LR\n  accTitle: t\n  accDescr: d\n  A --> B\n  click A "two.md"\n```\n'
    ),
    "part/two.md": "# Two\n\nTo [one](one.md#here) and [itself](#two).\n",
    "reference/glossary.md": "# Glossary\n\n### recall\n\nThe share that is found.\n",
}


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def numbers(docs: Path) -> None:
    path = docs / "reference/numbers.yml"
    line = next(line for line in path.read_text("utf-8").splitlines() if line.strip().startswith("proxy_hop:"))
    edit(path, line, line.replace("value: 50", "value: 60"))


EDITS = {  # what is done, and how many pages are rendered for it
    "the page": (lambda docs: edit(docs / "part/one.md", "A recall", "One recall"), 1),
    "another page's title": (lambda docs: edit(docs / "part/two.md", "# Two", "# Second"), 1),
    "front matter": (lambda docs: edit(docs / "part/one.md", "ranking", "search"), 0),
    "a definition": (lambda docs: edit(docs / "reference/glossary.md", "that is found", "that it finds"), 5),
    "a number": (numbers, 5),
    "an anchor that is linked to": (lambda docs: edit(docs / "part/one.md", "## Here", "## There"), 1),
    "the name of a file": (lambda docs: (docs / "part/two.md").rename(docs / "part/three.md"), 5),
    "the template": (lambda docs: edit(docs.parent / "overrides/main.html", 'class="facts"', 'class="facts of-it"'), 0),
    "the configuration": (
        lambda docs: edit(docs.parent / "mkdocs.yml", "permalink_title: Link", "permalink_title: Go"),
        5,
    ),
}


def start(project: Path) -> subprocess.Popen:
    command = [sys.executable, "-c", BUILDS]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.Popen(command, cwd=project, env={"PYTHONPATH": str(project)}, text=True, **pipes)


def built(process: subprocess.Popen, site: Path) -> tuple[dict[str, bytes], int]:
    """The files of a site that the process has been told to build, with its warnings, and how many it rendered."""
    assert process.stdin
    assert process.stdout
    process.stdin.write(f"{site}\n")
    process.stdin.flush()
    said = ""
    while not (line := process.stdout.readline()).startswith("rendered"):
        assert line, said
        said += line
    files = {path.relative_to(site).as_posix(): path.read_bytes() for path in site.rglob("*") if path.is_file()}
    return files | {"warnings": said.encode()}, int(line.split()[1])


def test_rebuilds_are_as_fresh_builds(tmp_path: Path):
    project = tmp_path / "project"
    for name in ("scripts", "overrides", "docs/assets", "docs/reference/numbers.yml", "mkdocs.yml"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        copy(ROOT / name, project / name)
    for name, text in PAGES.items():
        (project / "docs" / name).parent.mkdir(exist_ok=True)
        (project / "docs" / name).write_text(text, "utf-8")
    with start(project) as keeps:
        before, count = built(keeps, tmp_path / "kept")
        assert count == len(PAGES)
        for what, (change, renders) in EDITS.items():
            change(project / "docs")
            kept, count = built(keeps, tmp_path / "kept")
            with start(project) as fresh:
                wanted, _ = built(fresh, tmp_path / "fresh")
                fresh.stdin.close()
            assert {name for name in kept | wanted if kept.get(name) != wanted.get(name)} == set(), what
            assert kept != before, what
            assert count == renders, what  # nothing is proved of what is not kept
            before = kept
        keeps.stdin.close()


def test_rendering_reads_nothing_else(tmp_path: Path):
    """What the extensions open while the guide's pages are rendered is what a kept page is checked against."""
    done = subprocess.run(
        [sys.executable, "-c", OPENED, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    ours = {path for path in done.stdout.splitlines() if path.startswith(str(ROOT)) and "site-packages" not in path}
    sources = {path for path in ours if Path(path).relative_to(ROOT).parts[0] != "scripts"}
    assert sources == {str(path) for path in rendered.SHARED}
