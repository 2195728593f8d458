"""Find a Chromium for the browser tests, get one where there is none, and start it.

`python -m scripts.browser` prints the path of the one to be used.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

NAMES = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "msedge",
    # macOS and Windows install them outside the path
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    r"%ProgramFiles%\Google\Chrome\Application\chrome.exe",
    r"%ProgramFiles(x86)%\Microsoft\Edge\Application\msedge.exe",
)

# What a container without a display, a GPU or user namespaces needs; the rest keeps it off the network.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

PLAYWRIGHT = (sys.executable, "-m", "playwright", "install", "--only-shell", "chromium")


class NoBrowser(Exception):
    """There is no Chromium; the message says how to get one."""

    def __init__(self, found: str) -> None:
        super().__init__(
            f"{found}. Get one in any of three ways: install chromium-headless-shell or chromium with the system's "
            "package manager; or run `python -m playwright install --with-deps --only-shell chromium`; "
            "or set BROWSER_PATH to a Chrome or Chromium that you have"
        )


def find() -> str | None:
    """The path of a Chromium: BROWSER_PATH's, else Playwright's own, else the first of `NAMES` that is installed.

    NoBrowser where BROWSER_PATH names no program.
    """
    if wanted := os.environ.get("BROWSER_PATH"):
        if path := shutil.which(wanted):
            return path
        raise NoBrowser(f"BROWSER_PATH names {wanted}, and there is no such program")
    return playwrights_own() or next(filter(None, (shutil.which(os.path.expandvars(name)) for name in NAMES)), None)


def playwrights_own() -> str | None:
    """The headless Chromium of just the revision that this Playwright asks for, if it is installed."""
    plan = subprocess.run((*PLAYWRIGHT, "--dry-run"), capture_output=True, text=True, check=False).stdout
    for folder in re.findall(r"Install location: +(.*headless_shell.*)", plan):
        for path in Path(folder).glob("*/*headless?shell*"):
            return str(path)
    return None


def obtain() -> str:
    """The path of a Chromium, installing one if need be; NoBrowser if that fails too."""
    if path := find():
        return path
    print("No Chromium found: installing one for the browser tests", file=sys.stderr)
    for command in installers():
        subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if path := find():
            return path
    raise NoBrowser("There is no Chromium for the browser tests, and none could be installed")


def installers() -> list[tuple[str, ...]]:
    """The commands that may install a Chromium here, to be tried in order."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    if not (root and shutil.which("apt-get")):
        return [(*PLAYWRIGHT, "--with-deps")]
    # without a font, text has no width and pages no layout
    install = ("apt-get", "install", "--yes", "--no-install-recommends", "fonts-liberation")
    packages = [(*install, "chromium-headless-shell"), (*install, "chromium")]
    return [("apt-get", "update"), *packages, (*PLAYWRIGHT, "--with-deps")]


def launch(playwright: Playwright, *arguments: str) -> Browser:
    """Start the Chromium that `find` finds, with these arguments too; NoBrowser if it finds none."""
    path = find()
    if not path:
        raise NoBrowser("There is no Chromium for the browser tests")
    return playwright.chromium.launch(executable_path=path, args=[*ARGUMENTS, *arguments])


if __name__ == "__main__":
    try:
        print(obtain())
    except NoBrowser as error:
        sys.exit(str(error))
