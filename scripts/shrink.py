"""Takes out of the built site what no page needs in order to open.

The numbers behind the estimates move to a file beside each page, which is loaded when a reader changes an input; rules
of stylesheets that can match nothing on this site go, and so does indentation.
"""

import json
import re
from html import unescape
from pathlib import Path

import tinycss2
from tinycss2.ast import AtRule, IdentToken, LiteralToken, Node, QualifiedRule, SquareBracketsBlock, StringToken

ESTIMATE = re.compile(r'(<tr role="row"|<span class="estimate-quote")((?: data-[a-z]+="[^"]*")+)>')
ATTRIBUTE = re.compile(r'data-([a-z]+)="([^"]*)"')
PLAY = 'class="estimate-play"'
BLANKS = re.compile(r"(<pre\b.*?</pre>)|\n\s+", re.S)
WORD = re.compile(r"[\w-]+")
# The theme sets it while it puts on its colours, with each page, and has then to find the style of every element anew:
# a third of the time in which a phone does not answer. All that it does is to stop transitions.
COSTLY = "data-md-color-switching"


def shrink(site: Path) -> None:
    """Make pages and stylesheets of a built site smaller; they look and work as before."""
    pages = sorted(site.rglob("*.html"))
    scripts = (site / "assets" / "javascripts").glob("*.js")
    parts = {part for path in [*pages, *scripts] for part in path.read_text("utf-8").split()}  # once each: far fewer
    used = {word for part in parts for word in WORD.findall(part)} - {COSTLY}
    for path in pages:
        html, data = estimates(path.read_text("utf-8"), f"{path.stem}.estimates.js")
        path.write_text(packed(html), "utf-8")
        if data:
            text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
            path.with_suffix(".estimates.js").write_text(f"estimates = {text}\n", "utf-8")
    for path in site.rglob("*.css"):
        rules = tinycss2.parse_stylesheet(path.read_text("utf-8"), skip_comments=True, skip_whitespace=True)
        path.write_text(packed(tinycss2.serialize(matching(rules, used))), "utf-8")


def packed(text: str) -> str:
    """HTML or CSS without indentation and blank lines."""
    return BLANKS.sub(lambda blank: blank[1] or "\n", text)


def estimates(html: str, name: str) -> tuple[str, list[dict[str, str]]]:
    """A page without its estimates' data, which its buttons now find in the file of this name; and these data."""
    data: list[dict[str, str]] = []

    def move(element: re.Match) -> str:
        data.append({key: unescape(value) for key, value in ATTRIBUTE.findall(element[2])})
        kind = next((f" data-{kind}" for kind in ("program", "given") if kind in data[-1]), "")  # what is styled by it
        return f"{element[1]}{kind}>"

    return ESTIMATE.sub(move, html).replace(PLAY, f'{PLAY} data-from="{name}"'), data


def matching(rules: list[Node], used: set[str]) -> list[Node]:
    """The rules of which a selector can match where only these words stand in HTML and scripts."""
    found = []
    for rule in rules:
        if isinstance(rule, QualifiedRule):
            selectors = [[]]
            for token in rule.prelude:
                if token == ",":
                    selectors.append([])
                else:
                    selectors[-1].append(token)
            selectors = [selector for selector in selectors if can_match(selector, used)]
            rule.prelude = [token for selector in selectors for token in (LiteralToken(0, 0, ","), *selector)][1:]
            if not selectors:
                continue
        elif isinstance(rule, AtRule) and rule.lower_at_keyword in ("media", "supports"):
            rule.content = matching(tinycss2.parse_rule_list(rule.content, skip_whitespace=True), used)
            if not rule.content:
                continue
        found.append(rule)
    return found


def can_match(selector: list[Node], used: set[str]) -> bool:
    """Whether all classes of a selector and all words of its attributes occur; `:is` and `:not` are not looked into."""
    for before, token in zip([None, *selector], selector, strict=False):
        if before == "." and isinstance(token, IdentToken) and token.value not in used:
            return False
        if isinstance(token, SquareBracketsBlock):
            words = [part.value for part in token.content if isinstance(part, IdentToken | StringToken)]
            if not all(used.issuperset(WORD.findall(word)) for word in words):
                return False
    return True
