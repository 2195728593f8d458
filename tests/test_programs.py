"""Every Python program of the guide runs, and prints exactly what the page says it prints."""

import subprocess
import sys

import pytest

from scripts.chapter import Chapter, pages


def programs():
    """(page and line, source, what the page says) of each `python` fence and the `text` fence right below it."""
    for path in pages():
        tokens = Chapter(path).tokens
        for token, below in zip(tokens, [*tokens[1:], None], strict=True):
            if token.type == "fence" and token.info.split()[:1] == ["python"]:
                said = below.content if below and below.type == "fence" and below.info == "text" else None
                yield pytest.param(token.content, said, id=f"{path.stem}:{token.map[0] + 1}")


PROGRAMS = list(programs())


def test_there_are_programs():
    assert PROGRAMS


@pytest.mark.parametrize(("source", "said"), PROGRAMS)
def test_program_prints_what_the_page_says(source, said, tmp_path):
    assert said is not None, "put a ```text fence with the program's output right below it"
    done = subprocess.run(
        [sys.executable, "-I", "-W", "error", "-c", source], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.stderr == ""
    assert done.stdout == said
