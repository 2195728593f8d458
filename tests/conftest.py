"""One strict build of the guide for all the tests that read it, and a browser for those that look at something."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from scripts.browser import launch

ROOT = Path(__file__).parent.parent


def build(folder: Path, **settings: str) -> Path:
    """The guide, built strictly into a folder with these settings in the environment; a failure shows the output."""
    plain = {name: value for name, value in os.environ.items() if name not in ("SITE_URL", "REPO_URL", "EDIT_URI")}
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = plain | {"NO_MKDOCS_2_WARNING": "1", "SOURCE_DATE_EPOCH": "1800000000"} | settings
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


HOSTED = {
    "SITE_URL": "http://127.0.0.1/guide/",
    "REPO_URL": "https://github.com/owner/guide",
    "EDIT_URI": "edit/main/docs/",
}


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The guide as the publish workflow builds it, but for 127.0.0.1 and under a path, as project sites are."""
    return build(tmp_path_factory.mktemp("site") / "guide", **HOSTED)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser; closed with its module, since its event loop would disturb tests that run one of their own."""
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        yield chromium
        chromium.close()
