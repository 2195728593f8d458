"""The site's Content-Security-Policy: nothing from other hosts, and no inline script or style without its hash.

Each page carries it as a `meta` element, for hosts that send no headers of ours; `write` puts it, with the headers
that have no such element, into the files from which common static hosts read theirs.
"""

import json
import re
from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

CHARSET = '<meta charset="utf-8">'  # stays ahead of the policy, within the first kilobyte
INLINE = re.compile(r"<(script|style)(?![^>]*(?:\bsrc=|application/(?:ld\+)?json))[^>]*>(.*?)</\1>", re.S)
WORKER = "service-worker.js"  # the browser is to hear of a new one at once; see scripts/installable.py
HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "X-Content-Type-Options": "nosniff",
}


def policy(pages: Iterable[str]) -> str:
    """The policy under which these pages of HTML work and nothing else does."""
    allowed: dict[str, set[str]] = {"script": set(), "style": set()}
    drawn = False
    for page in pages:
        drawn |= 'class="mermaid"' in page
        for kind, content in INLINE.findall(page):
            allowed[kind].add(f"'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'")
    if drawn:  # by a library that writes styles into the page; beside a hash this word would count for nothing
        allowed["style"] = {"'unsafe-inline'"}
    return "; ".join(
        [
            "default-src 'self'",
            " ".join(["script-src 'self'", *sorted(allowed["script"])]),
            " ".join(["style-src 'self'", *sorted(allowed["style"])]),
            "img-src 'self' data:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        ]
    )


def write(site: Path) -> None:
    """Give each page its policy, and write `_headers` (Netlify, Cloudflare), `.htaccess` (Apache), `vercel.json`."""
    pages = {path: path.read_text("utf-8") for path in sorted(site.rglob("*.html"))}
    for path, page in pages.items():
        meta = f'<meta http-equiv="Content-Security-Policy" content="{policy([page])}">'
        path.write_text(page.replace(CHARSET, CHARSET + meta, 1), "utf-8")
    headers = {"Content-Security-Policy": f"{policy(pages.values())}; frame-ancestors 'none'"} | HEADERS
    lines = "".join(f"  {name}: {value}\n" for name, value in headers.items())
    (site / "_headers").write_text(f"/*\n{lines}/{WORKER}\n  Cache-Control: no-cache\n", "utf-8")
    lines = "".join(f'  Header always set {name} "{value}"\n' for name, value in headers.items())
    lines += f"  <Files {WORKER}>\n    Header always set Cache-Control no-cache\n  </Files>\n"
    (site / ".htaccess").write_text(f"<IfModule mod_headers.c>\n{lines}</IfModule>\n", "utf-8")
    listed = [{"key": name, "value": value} for name, value in headers.items()]
    fresh = {"source": f"/{WORKER}", "headers": [{"key": "Cache-Control", "value": "no-cache"}]}
    text = json.dumps({"headers": [{"source": "/(.*)", "headers": listed}, fresh]}, indent=2)
    (site / "vercel.json").write_text(f"{text}\n", "utf-8")
