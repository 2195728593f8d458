"""How the checker's time grows: one run over 10, 100 and 1,000 copies of the guide's chapters, in ratios.

.venv/bin/python -m scripts.bench
"""

import shutil
import sys
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path

from scripts.chapter import DOCS, kinds, pages
from scripts.check import check


def main() -> int:
    """Print a table: chapters, seconds, milliseconds a chapter, and the growth of both against the row above."""
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
