"""What checks and estimates cost, in ratios from one run.

The checker over 10, 100 and 1,000 copies of the guide's chapters; a page with three estimates against the same without.

.venv/bin/python -m scripts.bench
"""

import shutil
import statistics
import sys
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path

from markdown import markdown

from scripts.chapter import DOCS, kinds, pages
from scripts.check import check

BLOCK = """```estimate
users_{0} = 100 M user  # assumption: daily
views_{0} = 12 request/user/day  # assumption
peak_{0} = 3  # a convention
rate_{0} = users_{0} * views_{0} -> request/s
peak_rate_{0} = rate_{0} * peak_{0} -> request/s
```

That is {{{{ peak_rate_{0} }}}}.

"""


def main() -> int:
    """Print both tables."""
    estimates()
    return checks()


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
