"""The built site keeps its own Content-Security-Policy, and each part of the policy is there for a reason."""

import json
import re
from pathlib import Path

from scripts import policy

PAGE = '<head><meta charset="utf-8"><style>p {}</style></head><script>let a</script><script src="b.js"></script>'


def directives(text: str) -> dict[str, list[str]]:
    return {name: values for name, *values in (part.split() for part in text.split("; "))}


def test_only_inline_code_with_its_hash():
    found = directives(policy.policy([PAGE]))
    assert len(found["script-src"]) == len(found["style-src"]) == 2
    assert found["script-src"] != directives(policy.policy([PAGE.replace("let a", "let b")]))["script-src"]
    assert directives(policy.policy(['<script type="application/json">{}</script>']))["script-src"] == ["'self'"]
    assert found["object-src"] == found["base-uri"] == ["'none'"]


def test_a_page_whose_diagram_the_browser_draws():
    """A hash beside it would switch 'unsafe-inline' off."""
    assert directives(policy.policy([PAGE, '<div class="mermaid">']))["style-src"] == ["'self'", "'unsafe-inline'"]


def test_files_for_hosts(tmp_path: Path):
    (tmp_path / "a").mkdir()
    for name in ("index.html", "a/index.html"):
        (tmp_path / name).write_text(PAGE, "utf-8")
    policy.write(tmp_path)
    assert f'content="{policy.policy([PAGE])}">' in (tmp_path / "a/index.html").read_text("utf-8")
    value = re.search("  Content-Security-Policy: (.+)", (tmp_path / "_headers").read_text("utf-8"))[1]
    assert value == policy.policy([PAGE]) + "; frame-ancestors 'none'"
    assert f'set Content-Security-Policy "{value}"' in (tmp_path / ".htaccess").read_text("utf-8")
    everywhere, worker = json.loads((tmp_path / "vercel.json").read_text("utf-8"))["headers"]
    assert {"key": "Content-Security-Policy", "value": value} in everywhere["headers"]
    assert worker == {"source": "/service-worker.js", "headers": [{"key": "Cache-Control", "value": "no-cache"}]}
    assert (tmp_path / "_headers").read_text("utf-8").endswith("\n/service-worker.js\n  Cache-Control: no-cache\n")
    apache = "  <Files service-worker.js>\n    Header always set Cache-Control no-cache\n  </Files>\n"
    assert apache in (tmp_path / ".htaccess").read_text("utf-8")


def test_every_page_of_the_site_has_its_policy(site: Path):
    """The browser tests fail on any violation; here, that there is a policy to violate, and no style in attributes."""
    pages = list(site.rglob("*.html"))
    assert pages
    for path in pages:
        html = path.read_text("utf-8")
        assert html.index("Content-Security-Policy") < 1024, path
        assert not re.search(r'<[a-z][^>]* (?:style|on\w+)="', html), path
