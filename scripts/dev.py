#!/usr/bin/env python3
"""The guide's commands. Needs nothing but Python: the first call makes `.venv` from requirements.lock."""

import argparse
import hashlib
import importlib.util
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
LOCK = ROOT / "requirements.lock"
STAMP = VENV / "lock.sha256"
STRICT = "mkdocs", "build", "--strict", "--site-dir", "site"


def main():
    if sys.version_info < (3, 11):
        version = ".".join(map(str, sys.version_info[:2]))
        sys.exit(f"Python 3.11 or newer is needed and this is {version}; install one, then: python3.12 {sys.argv[0]}")
    parser = argparse.ArgumentParser(description="Build, check and test the guide.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("serve", help="build the site, serve it and rebuild on every change").add_argument(
        "--port", type=int, default=8000, help="the port to listen on (8000)"
    )
    commands.add_parser("build", help="check the chapters and build the site into site/; any warning is an error")
    commands.add_parser("pdf", help="build, and print a PDF of each chapter and of the whole guide into site/pdf/")
    commands.add_parser("offline", help="build a copy of the site that works from a folder, and a zip of it")
    for name, text in {
        "test": "run every test, after getting a browser if there is none; arguments go to pytest",
        "check": "check the chapters named, or all of them",
        "links": "try the links that leave the site (needs the network)",
        "new": "start a chapter: new KIND SLUG",
    }.items():
        commands.add_parser(name, help=text, add_help=False)
    chosen, rest = parser.parse_known_args()
    if rest and chosen.command in ("serve", "build", "pdf", "offline"):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    set_up()
    try:
        return globals()[chosen.command](chosen, rest)
    except KeyboardInterrupt:
        return 130


def serve(chosen, rest):
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", chosen.port)) == 0:
            sys.exit(f"Port {chosen.port} is in use; stop what listens there, or add: --port {chosen.port + 1}")
    print(f"http://127.0.0.1:{chosen.port}/ as soon as the site is built; stop with Ctrl+C", flush=True)
    return run("mkdocs", "serve", "--livereload", "--watch", "overrides", "--dev-addr", f"127.0.0.1:{chosen.port}")


def build(chosen, rest):
    return run("scripts.check") or run(*STRICT) or run("scripts.site", "site", "docs")


def pdf(chosen, rest):
    os.environ["PDF"] = "1"  # the pages link to them
    made = run("scripts.check") or run("scripts.browser") or run(*STRICT) or run("scripts.pdf", "site")
    return made or run("scripts.site", "site", "docs")


def offline(chosen, rest):
    os.environ["OFFLINE"] = "true"
    made = run("scripts.check") or run(*STRICT[:-1], "guide")
    return made or run("scripts.site", "guide", "docs") or run("scripts.offline", "guide")


def test(chosen, rest):
    return run("scripts.browser") or run("pytest", "--numprocesses=auto", "--dist=loadfile", *rest)


def check(chosen, rest):
    return run("scripts.check", *rest, cwd=None)  # files are named from where the caller stands


def links(chosen, rest):
    return build(chosen, []) or run("scripts.links", *rest)


def new(chosen, rest):
    return run("scripts.new", *rest)


def run(module, *arguments, cwd=ROOT):
    """Run a module of the environment; its exit status."""
    environment = dict(os.environ, NO_MKDOCS_2_WARNING="1", PYTHONUTF8="1", TZ="UTC", PYTHONPATH=str(ROOT))
    environment |= date()
    return subprocess.run([PYTHON, "-m", module, *arguments], cwd=cwd, env=environment).returncode


def date():
    """The date of the commit, for the site: two builds of one commit are the same. Nothing where there is no commit."""
    git = shutil.which("git")
    said = git and subprocess.run([git, "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True).stdout
    return {"SOURCE_DATE_EPOCH": said.strip()} if said else {}


def set_up():
    """Make `.venv` agree with the lock and this Python. The stamp is written last: a broken set-up starts over."""
    lock = LOCK.read_bytes()
    wanted = hashlib.sha256(lock + sys.version.encode()).hexdigest()
    if PYTHON.exists() and STAMP.exists() and STAMP.read_text() == wanted:
        return
    if importlib.util.find_spec("ensurepip") is None:
        sys.exit("Python's venv module is missing; on Debian and Ubuntu: apt install python3-venv. Then run this again")
    print("Setting up .venv, once: some ten to thirty seconds", flush=True)
    shutil.rmtree(VENV, ignore_errors=True)
    step(sys.executable, "-m", "venv", VENV)
    # uv first, because it installs the rest several times faster than pip does
    alone = VENV / "uv.lock"
    alone.write_bytes(re.search(rb"^uv==.*(?:\n    --hash.*)+", lock, re.M).group())
    step(PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--require-hashes", "-r", alone)
    step(PYTHON, "-m", "uv", "pip", "install", "-q", "--python", PYTHON, "--require-hashes", "-r", LOCK)
    STAMP.write_text(wanted)


def step(*command):
    """Run one step of the set-up, or say in one line why it failed."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        lines = [line.strip(" .") for line in done.stdout.splitlines() if line.strip()] or ["it gave no reason"]
        reason = next((line for line in lines if re.search("error|failed", line, re.I)), lines[-1])
        sys.exit(f"Could not set up .venv: {reason}. Check the network connection or the proxy, then run this again")


if __name__ == "__main__":
    sys.exit(main())
