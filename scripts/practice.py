"""Markdown extension: questions and follow-ups that fold, so that a reader can rehearse before reading the answer.

A task list whose items carry a reason becomes a question: each option is a `<details>` that opens on its verdict.
A list that starts with **Mid.** becomes a ladder: one `<details>` around the answers at three levels.
No script is needed, and on GitHub the same Markdown reads as an ordinary list.
"""

import re
from xml.etree.ElementTree import Element, SubElement

from markdown import Extension, Markdown
from markdown.treeprocessors import Treeprocessor

BOX = re.compile(r"\[([ xX])\]\s+")
VERDICTS = {True: ("option right", "Right. "), False: ("option", "Not this one. ")}


class Practice(Treeprocessor):
    """Runs after inline Markdown, on the finished tree."""

    def run(self, root: Element) -> None:
        for parent in list(root.iter()):
            for position, child in enumerate(parent):
                if child.tag != "ul" or not len(child):
                    continue
                if all(is_option(item) for item in child):
                    for item in child:
                        fold_option(item)
                    child.set("class", "options")
                elif "".join(child[0].itertext()).lstrip().startswith("Mid."):
                    parent[position] = ladder(child)


def is_option(item: Element) -> bool:
    """Whether a list item is `[ ] text` followed by at least one paragraph of reason."""
    return len(item) > 1 and item[0].tag == "p" and bool(BOX.match(item[0].text or ""))


def fold_option(item: Element) -> None:
    """Turn `<li><p>[x] option</p><p>reason</p></li>` into one `<details>` inside the item."""
    option, *reason = list(item)
    box = BOX.match(option.text or "")
    assert box  # is_option has seen it
    kind, verdict = VERDICTS[box[1] != " "]
    option.tag, option.text = "summary", (option.text or "")[box.end() :]
    for child in list(item):
        item.remove(child)
    details = SubElement(item, "details", {"class": kind})
    details.extend([option, *reason])
    mark = Element("strong")
    mark.text, mark.tail, reason[0].text = verdict.strip(), " " + (reason[0].text or ""), None
    reason[0].insert(0, mark)


def ladder(answers: Element) -> Element:
    """The list of answers inside a closed `<details>`."""
    details = Element("details", {"class": "ladder"})
    SubElement(details, "summary").text = "Answer at three levels"
    details.append(answers)
    details.tail, answers.tail = answers.tail, None
    return details


class PracticeExtension(Extension):
    def extendMarkdown(self, md: Markdown) -> None:
        md.treeprocessors.register(Practice(md), "practice", 15)  # inline runs at 20


def makeExtension(**options: object) -> PracticeExtension:
    """The entry point that Python-Markdown looks for."""
    return PracticeExtension(**options)
