"""Questions and follow-ups fold without a script, and nothing of what was written is lost."""

import re

from markdown import markdown

QUESTION = """\
### Which breaks first?

- [ ] The *van*

    It is serviced.

- [x] The feed

    It is somebody else's. See [the log](log.md).

    And a second paragraph.
"""
FOLLOW_UP = """\
#### Is zero demand zero?

- **Mid.** Not when the rack is empty.
- **Senior.** It is censored.

After it.
"""


def render(text: str) -> str:
    return markdown(text, extensions=["scripts.practice"])


def test_option_opens_on_its_verdict():
    html = render(QUESTION)
    assert html.count("<details") == 2
    assert re.search(
        r'<details class="option">\s*<summary>The <em>van</em></summary>\s*'
        r"<p><strong>Not this one.</strong> It is serviced.</p>",
        html,
    )
    assert re.search(
        r'<details class="option right">\s*<summary>The feed</summary>\s*<p><strong>Right.</strong> It', html
    )
    assert '<a href="log.md">the log</a>' in html
    assert "And a second paragraph." in html
    assert "[x]" not in html


def test_follow_up_is_one_fold():
    html = render(FOLLOW_UP)
    assert re.search(r'<details class="ladder">\s*<summary>Answer at three levels</summary>\s*<ul>', html)
    assert html.index("</details>") < html.index("After it.")


def test_ordinary_lists_stay():
    """A list that only looks a little like a question or a ladder."""
    assert "<details" not in render("- [ ] a task with no reason\n- another\n")
    assert "<details" not in render("- **Senior.** alone\n")
