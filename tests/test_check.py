"""Each rule is proved by the smallest edit that breaks it, and only it, in one good chapter."""

import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts import check as command
from scripts import figures
from scripts.chapter import DOCS, kinds, pages, template
from scripts.check import COUNTS, RULES, check

GOOD = (Path(__file__).parent / "chapter.md").read_text("utf-8")
PATH = DOCS / "case-studies" / "umbrella-lending.md"

# rule -> edits (old, new); what is no edit of the text has a test of its own, named here
PROOFS = {
    "front-matter": [
        ("---\ntitle", "title"),
        ("title: Umb", "title: : Umb"),
        ("title: Umbrella lending", "2020-13-45"),
    ],
    "front-matter-keys": [("difficulty: introductory\n", ""), ("topic:", "topics:\ntopic:")],
    "front-matter-values": [
        ("topic: marketplace", "topic: marketplaces"),
        ("tags: [forecasting, inventory]", "tags: forecasting"),
        ("tags: [forecasting", "tags: [TODO"),
        ("  loss: Poisson\n", ""),
        ("  loss: Poisson\n", "  loss: Poisson\n  gain: none\n"),
        ("description: Decide", "description: " + "Decide " * 30),
        ("description: Decide which stations get umbrellas before it rains.", "description: 3"),
    ],
    "title": [
        ("\n# Umbrella lending\n", "\n"),
        ("# Umbrella lending", "# Umbrellas"),
        ("## The prompt", "# Two\n\n## The prompt"),
    ],
    "section-missing": [("## Training\n", ""), ("### Tricky\n", "")],
    "section-unknown": [
        ("## Follow-ups", "## Weather\n\nIt rains.\n\n## Follow-ups"),
        ("### Tricky", "### Hard\n\nRain.\n\n### Tricky"),
    ],
    "section-order": [],  # test_moved_section
    "section-repeated": [("## Rubric", "## Training\n\nAgain.\n\n## Rubric")],
    "section-empty": [("\n> Design a system that decides where umbrellas should be tomorrow.\n", "")],
    "too-few": [
        ("| E | five | wet | dry | 2020 |\n", ""),
        (GOOD[GOOD.index("### What does the borrower") : GOOD.index("## References")], ""),
        ("```python\nprint(2 + 2)\n```\n", ""),
    ],
    "table": [("| Metric | Kind |", "| Number | Kind |"), ("| Driving | a | b | c |\n", "")],
    "placeholder": [
        ("A loan is", "A TODO is"),
        ("| Plan ready | by 22:00 |", "| Plan ready | … |"),
        ("## Rubric\n", "## Rubric\n\n<!-- For this case: what you would hear at each level. -->\n"),
    ],
    "heading-level": [("## Rubric\n", "## Rubric\n\n#### Deep\n")],
    "link-file": [("A loan is", "A [loan](loan.md) is"), ("A loan is", "A ![loan](loan.png) is")],
    "link-anchor": [("A loan is", "A [loan](#trainings) is")],
    "link-undefined": [("A loan is", "A [loan][l] is")],
    "image-text": [("A loan is", "A ![](../assets/mark.svg) is")],
    "footnote-undefined": [("before it.", "before it.[^zz]")],
    "footnote-unused": [("[^b][^c]", "[^b]")],
    "footnote-source": [("[Umbrellas](https://example.org/0), 2020", "Umbrellas, 2020"), ("0), 2020", "0), undated")],
    "raw-html": [
        ("A loan is", "A <script>alert(1)</script> loan is"),
        ("A loan is", '<p onclick="alert(1)">A loan is</p>\n\nIt is'),
        ("A loan is", "A [loan](javascript:alert) is"),
        ("A loan is", 'A loan{ onclick="alert(1)" } is'),
        ("A loan is", 'A <a href=" JavaScript:alert(1)">loan</a> is'),
    ],
    "diagram": [
        ("  accTitle: Training\n", ""),
        ("  accDescr: Loans and weather train the forecast.\n", ""),
        ("weather[Weather] --> train", "weather[Weather --> train"),
        ("weather[Weather] --> train", "weather[Weather] --> train\n  style train fill:#f00"),
    ],
    "estimates": [
        ("stations * loans", "station * loans"),
        ("-> event/day", "-> byte"),
        ("{{ daily_loans }}", "{{ daily_loan }}"),
        ("{{ daily_loans }}", "{{ daily_loans | byte }}"),
        ("The log grows by {{ daily_loans }}", "It is {{ daily_loans }} or {{ daily-loans + 1 }}"),
    ],
    "figures": [("The log grows by", "At 3 GB a day the log grows by")],
    "question": [
        ("- [ ] Rain\n\n    That too.\n", ""),
        ("- [x] Vans by day", "- [ ] Vans by day"),
        ("- [ ] Hail", "- [x] Hail"),
        ("- [ ] Hail\n\n    Nobody borrows in hail.\n", "- [ ] Hail\n"),
    ],
    "question-balance": [],  # test_balance_of_lengths, test_balance_of_places
    "follow-up": [
        ("- **Senior.** Few wet days.\n", ""),
        ("- **Mid.** Few rows.", "- Few rows."),
        ("- **Commonly said, and wrong.** Always.\n", ""),
    ],
    "blank-line": [("| Layer | Watch |", "Watch:\n| Layer | Watch |")],
    "indentation": [("    **So:** one plan", "   **So:** one plan")],
    "glossary-entry": [],  # test_glossary.py
    "file-name": [],  # test_file_name
    "line-ends": [("# Umbrella lending\n", "# Umbrella lending\r\n")],
    "empty-file": [(GOOD, " \n")],
    "encoding": [],  # test_files
    "unreadable": [],  # test_files
}


def rules(text: str, path: Path = PATH) -> set[str]:
    return {finding.rule for finding in check(path, text)}


def swap(text: str, first: str, second: str) -> str:
    """Two neighbouring sections, changed about."""
    start, middle = text.index(f"## {first}\n"), text.index(f"## {second}\n")
    end = text.index("\n## ", middle) + 1
    return text[:start] + text[middle:end] + text[start:middle] + text[end:]


def test_good_chapter_has_no_findings():
    assert check(PATH, GOOD) == []


def test_every_rule_is_proved():
    assert PROOFS.keys() == RULES.keys() | {"front-matter", "line-ends", "empty-file", "encoding", "unreadable"}


@pytest.mark.parametrize(
    ("rule", "old", "new"),
    [(rule, old, new) for rule, edits in PROOFS.items() for old, new in edits],
    ids=lambda value: re.sub(r"\W+", " ", value)[:30],
)
def test_edit_breaks_one_rule(rule, old, new):
    assert old in GOOD
    assert rules(GOOD.replace(old, new, 1)) == {rule}


def test_moved_section():
    found = check(PATH, swap(GOOD, "Training", "Evaluation"))
    assert {finding.rule for finding in found} == {"section-order"}
    assert len(found) == 1


def longer(text: str, *options: str) -> str:
    """The chapter with these right options longer than any other."""
    for option in options:
        assert f"- [x] {option}\n" in text
        text = text.replace(f"- [x] {option}\n", f"- [x] {option}, and a good many more words than that\n")
    return text


def test_balance_of_lengths():
    """Twice the longest is chance, three times of six is not."""
    assert check(PATH, longer(GOOD, "Vans by day", "It counts events")) == []
    assert rules(longer(GOOD, "Vans by day", "It counts events", "An empty rack")) == {"question-balance"}


def test_balance_of_places():
    """The right answer in one place, three times of six."""
    first = GOOD.index("- [ ] A van\n\n    At night.\n\n")
    option = "- [ ] A van\n\n    At night.\n\n"
    right = "- [x] An empty rack\n\n    When the forecast was low.\n\n"
    assert GOOD[first:].startswith(option + right)
    assert rules(GOOD.replace(option + right, right + option)) == {"question-balance"}


def test_a_tier_without_a_question():
    text = GOOD.replace("### Tricky\n", "", 1).replace(
        "### Commonly answered wrong", "### Tricky\n\n### Commonly answered wrong"
    )
    assert rules(text) == {"follow-up"}


def test_file_name():
    assert rules(GOOD, PATH.with_name("Umbrella lending.md")) == {"file-name"}


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        ("# Straße".encode("latin-1"), "encoding"),
        (b"", "empty-file"),
        (b"# No front matter\n", "front-matter"),
        (None, "unreadable"),
    ],
    ids=["latin-1", "empty", "no front matter", "no file"],
)
def test_files(tmp_path, data, rule):
    """Files that are no chapter: one finding, and the file stays as it was."""
    path = tmp_path / "case-studies" / "a-name.md"
    path.parent.mkdir()
    if data is not None:
        path.write_bytes(data)
    assert [finding.rule for finding in check(path)] == [rule]
    assert data is None or path.read_bytes() == data


def test_line_and_message():
    """A finding names the line of the fault and what mends it."""
    text = GOOD.replace("A loan is logged", "A\nloan is [logged](clarfy.md)")
    (finding,) = check(PATH, text)
    at = text.splitlines().index("loan is [logged](clarfy.md) with the stock before it.[^ferry]") + 1
    assert finding.line == at
    assert str(finding).startswith(f"docs/case-studies/umbrella-lending.md:{at}: link-file: there is no clarfy.md")


def test_line_of_a_diagram():
    text = GOOD.replace("weather[Weather] --> train", "weather[Weather --> train")
    (finding,) = check(PATH, text)
    assert finding.line == text.splitlines().index("  weather[Weather --> train") + 1


@pytest.mark.parametrize("kind", kinds())
def test_templates_ask_for_what_can_be_counted(kind):
    """A noun that the checker does not know would ask for nothing."""
    schema = template(kind)
    assert schema
    assert {noun for section in schema.sections for _, noun in section.demands} <= COUNTS.keys()


@pytest.mark.parametrize("kind", kinds())
def test_a_bare_copy_of_a_template_is_no_chapter(kind):
    """What `new` writes is reported until it is filled in."""
    text = template(kind).text
    found = check(DOCS / kind / "a-name.md", text)
    assert {"placeholder", "front-matter-values"} <= {finding.rule for finding in found}
    assert not {"section-missing", "section-order", "section-unknown", "table"} & {finding.rule for finding in found}


def test_the_guide_keeps_its_rules():
    assert pages()
    assert [str(finding) for path in pages() for finding in check(path)] == []


# --- The command


def test_exit_and_annotation(tmp_path, capsys, monkeypatch):
    path = tmp_path / "notes" / "rain, 100%.md"
    path.parent.mkdir()
    path.write_text("---\ntitle: Rain\n---\n\n# Rain\n", "utf-8")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert command.main([str(path)]) == 1
    out = capsys.readouterr().out
    assert ":1: file-name: rename the file to rain-100.md" in out
    assert f"::error file={tmp_path.as_posix()}/notes/rain%2C 100%25.md,line=1,title=file-name::rename" in out


def test_nothing_to_check_is_a_failure(monkeypatch, capsys):
    monkeypatch.setattr(command, "pages", lambda: [DOCS / "index.md"])
    assert command.main([]) == 1
    assert "no chapters found" in capsys.readouterr().out


NUMBERS = figures.NUMBERS.read_text("utf-8")


def test_numbers_of_the_guide():
    wrong, _ = command.check_numbers(NUMBERS, date(2026, 12, 1))
    assert wrong == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("source: napkin, confidence: reported", "confidence: reported"),
        ("napkin, confidence: reported", "napkin, confidence: sure"),
        ("value: 100 us", "value: quick"),
        ("memory_random_read: {", "memory_random_read: {{"),
        ("what: Read 64 bytes at random from memory, ", ""),
        ("sources:", "source:"),
    ],
)
def test_a_number_without_its_source(old, new):
    """One entry broken is found, and only it; where the file cannot be read at all, that; never a traceback."""
    assert old in NUMBERS
    wrong, old_ones = command.check_numbers(NUMBERS.replace(old, new, 1), date(2026, 12, 1))
    assert {finding.rule for finding in wrong} == {"number"}
    assert len({finding.line for finding in wrong}) == 1
    assert old_ones == []


@pytest.mark.parametrize(
    "data", [NUMBERS.replace("memory_random_read: {", "memory_random_read: {{").encode(), b"a: \xdf"]
)
def test_numbers_that_cannot_be_read(data, tmp_path, monkeypatch, capsys):
    """The whole check, and a chapter that uses them, say so in findings; there is no traceback."""
    broken = tmp_path / "numbers.yml"
    broken.write_bytes(data)
    monkeypatch.setattr(figures, "NUMBERS", broken)
    monkeypatch.setattr(command, "NUMBERS", broken)
    monkeypatch.setattr(command, "pages", lambda: [DOCS / "framework" / "1-clarify.md"])
    assert command.main([]) == 1
    out = capsys.readouterr().out
    assert f"{broken.as_posix()}:" in out
    assert "estimates: numbers.yml cannot be read from line" in out


def test_a_number_older_than_a_year():
    wrong, old = command.check_numbers(NUMBERS, date(2099, 1, 1))
    assert wrong == []
    assert len(old) == len(figures.numbers())


# --- Damage

CHAPTERS = [path for path in pages() if path.parent.name in kinds() and path.stem != "index"]
TEXTS = {path: path.read_text("utf-8") for path in CHAPTERS} | {PATH: GOOD}
JUNK = st.text(st.sampled_from("#`[]()!^|<>{}-*:\n\t\\ax…\0é"), max_size=12)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(sorted(TEXTS)),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 400), JUNK), min_size=1, max_size=4),
)
def test_damage_never_crashes_the_checker(path, damage):
    """Pieces cut out and junk put in, anywhere: findings or none, but no traceback."""
    text = TEXTS[path]
    for place, length, junk in damage:
        at = int(place * len(text))
        text = text[:at] + junk + text[at + length :]
    for finding in check(path, text):
        assert finding.line >= 1
        assert finding.message


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_lost_section_is_always_noticed(data):
    """Whatever else is damaged, a chapter that lost a required heading never passes."""
    path = data.draw(st.sampled_from(sorted(TEXTS)))
    schema = template(path.parent.name)
    wanted = [section.title for section in schema.sections if not section.optional and section.title != "…"]
    if not wanted:
        return
    title = data.draw(st.sampled_from(wanted))
    text = re.sub(rf"^## {re.escape(title)}$", lambda _: data.draw(JUNK), TEXTS[path], flags=re.M)
    assert check(path, text)
