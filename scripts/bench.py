"""What checks, estimates and builds cost, in ratios from one run.

The checker over 10, 100 and 1,000 copies of the guide's chapters; a page with three estimates against the same
without; a build of the guide against one of the same Markdown in stock MkDocs and Material, and in Zensical where it is
installed; what `serve` takes to rebuild after an edit.

.venv/bin/python -m scripts.bench
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path

from markdown import markdown

from scripts.chapter import DOCS, kinds, pages
from scripts.check import check
from scripts.dev import ROOT, STRICT

BLOCK = """```estimate
users_{0} = 100 M user  # assumption: daily
views_{0} = 12 request/user/day  # assumption
peak_{0} = 3  # a convention
rate_{0} = users_{0} * views_{0} -> request/s
peak_rate_{0} = rate_{0} * peak_{0} -> request/s
```

That is {{{{ peak_rate_{0} }}}}.

"""

STOCK = """
site_name: Guide
theme: material
plugins: [search, tags]
exclude_docs: /templates/
markdown_extensions:
  - attr_list
  - footnotes
  - md_in_html
  - tables
  - toc: {permalink: true}
  - pymdownx.highlight
  - pymdownx.inlinehilite
  - pymdownx.superfences:
      custom_fences:
        - {name: mermaid, class: mermaid, format: !!python/name:pymdownx.superfences.fence_code_format }
"""
ROUNDS = 5
EDITED = "case-studies/ad-click-prediction.md"
REBUILD = f"""
import sys, time
from mkdocs.commands.build import build
from mkdocs.config import load_config
for _ in range({ROUNDS} + 1):
    start = time.perf_counter()
    build(load_config(site_dir=sys.argv[2], site_url="http://127.0.0.1:8000/"), serve_url="http://127.0.0.1:8000/")
    print(time.perf_counter() - start)
    with open(sys.argv[1], "a", encoding="utf-8") as chapter:
        chapter.write("\\nOne more line.\\n")
"""


def main() -> int:
    """Print all tables."""
    estimates()
    builds()
    return checks()


def builds() -> None:
    """Seconds of a cold build, the median of five taken in turn, and of a rebuild, of five edits."""
    with tempfile.TemporaryDirectory() as folder:
        project, stock = Path(folder) / "guide", Path(folder) / "stock"
        settings = dict(os.environ, NO_MKDOCS_2_WARNING="1", PYTHONPATH=str(project))
        for name in ("docs", "overrides", "scripts"):
            shutil.copytree(ROOT / name, project / name)
        shutil.copyfile(ROOT / "mkdocs.yml", project / "mkdocs.yml")
        stock.mkdir()
        (stock / "mkdocs.yml").write_text(STOCK, "utf-8")
        shutil.copytree(project / "docs", stock / "docs")
        home = stock / "docs/index.md"  # its template is the guide's own
        home.write_text(home.read_text("utf-8").replace("template: home.html\n", ""), "utf-8")
        commands = {
            "stock MkDocs and Material": (stock, [sys.executable, "-m", "mkdocs", "build", "--quiet"]),
            "this guide, with all it adds": (project, [sys.executable, "-m", *STRICT]),
        }
        if zensical := shutil.which("zensical"):
            commands["Zensical"] = (stock, [zensical, "build", "--clean"])
        else:
            print("Zensical is not on the path; to compare with it: uv tool install zensical")
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(ROUNDS):
            for name, (where, command) in commands.items():
                start = time.perf_counter()
                subprocess.run(command, cwd=where, env=settings, check=True, capture_output=True)
                times[name].append(time.perf_counter() - start)
        first = statistics.median(times["stock MkDocs and Material"])
        print(f"{'a cold build':<30} {'seconds':>8} {'times':>6}")
        for name, taken in times.items():
            print(f"{name:<30} {statistics.median(taken):8.2f} {statistics.median(taken) / first:5.2f}x")
        print(f"{'a rebuild after an edit':<30} {statistics.median(rebuilds(project, settings)):8.2f}\n")


def rebuilds(project: Path, settings: dict[str, str]) -> list[float]:
    """Seconds of rebuilds after one line more in a chapter, done as `serve` does them: configuration, then build."""
    command = [sys.executable, "-c", REBUILD, str(project / "docs" / EDITED), str(project / "site")]
    done = subprocess.run(command, cwd=project, env=settings, check=True, capture_output=True, text=True)
    return [float(line) for line in done.stdout.split()][1:]  # the first is a cold build


def estimates() -> None:
    """Milliseconds to render a page, the median of 50, and what three estimates add."""
    text = "Some words between the blocks, as a chapter has.\n\n" * 60
    blocks = "".join(BLOCK.format(number) for number in range(3))
    median = {}
    for name, page in {"without": text, "with three estimates": text + blocks}.items():
        times = []
        for _ in range(51):  # the first pays for the import of the units
            start = time.perf_counter()
            markdown(page, extensions=["tables", "scripts.estimate"])
            times.append((time.perf_counter() - start) * 1000)
        median[name] = statistics.median(times[1:])
        print(f"a page {name}: {median[name]:.1f} ms")
    print(f"added: {median['with three estimates'] - median['without']:.1f} ms\n")


def checks() -> int:
    """Chapters, seconds, milliseconds a chapter, and the growth of the seconds against the row above."""
    chapters = [path for path in pages() if path.parent.name in kinds() and path.stem != "index"]
    with tempfile.TemporaryDirectory() as folder:
        docs = shutil.copytree(DOCS, Path(folder) / "docs")
        print(f"{'chapters':>8} {'seconds':>8} {'ms each':>8} {'times':>6}")
        last = 0.0
        for count in (10, 100, 1000):
            copies = []
            for number, path in enumerate(islice(cycle(chapters), count)):
                copies.append(docs / path.parent.name / f"copy-{number}.md")
                shutil.copyfile(path, copies[-1])
            start = time.perf_counter()
            found = sum(len(check(path)) for path in copies)
            taken = time.perf_counter() - start
            growth = f"{taken / last:5.1f}x" if last else ""
            print(f"{count:>8} {taken:8.2f} {taken / count * 1000:8.1f} {growth:>6}")
            last = taken
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
