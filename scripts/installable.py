"""The service worker of the built site: docs/assets/javascripts/service-worker.js, behind the list of what it keeps.

It stands at the site's root, since a worker controls only what lies beside and below it.
"""

import json
import re
from hashlib import sha256
from pathlib import Path

from scripts.policy import WORKER

KINDS = {".css", ".html", ".js", ".json", ".png", ".svg", ".webmanifest"}
# the theme's own search, which ours replaces; what only a folder, a failing build, another site or the host needs
UNUSED = re.compile(r"assets/(javascripts/(lunr|workers)/|vendor/(iframe-worker|mermaid)|card\.png)|vercel\.json")


def files(site: Path) -> dict[str, str]:
    """Addresses, as pages name them, of all that a reader needs, with a hash of the content of each."""
    found = {}
    for path in sorted(site.rglob("*")):
        name = path.relative_to(site).as_posix()
        # links within the site work without a reload only where the theme finds the sitemap
        wanted = path.suffix in KINDS or name == "sitemap.xml"
        if wanted and not UNUSED.match(name) and path.name != WORKER:
            address = re.sub(r"(^|/)index\.html$", r"\1", name) or "./"
            found[address] = sha256(path.read_bytes()).hexdigest()[:10]
    return found


def write(site: Path) -> None:
    """Put the worker where it controls the site; its list holds for the files as they are now."""
    source = site / "assets" / "javascripts" / WORKER
    worker = f"const FILES = {json.dumps(files(site))}\n{source.read_text('utf-8')}"
    (site / WORKER).write_text(worker, "utf-8")
    source.unlink()
