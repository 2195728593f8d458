"""The commands: what they say when something is missing, and that nothing is overwritten."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import dev, new
from scripts.chapter import TEMPLATES

ROOT = Path(__file__).parent.parent


def said(capsys: pytest.CaptureFixture, error: pytest.ExceptionInfo[SystemExit]) -> str:
    """The message a command stopped with, which must be one line."""
    text = error.value.code if isinstance(error.value.code, str) else capsys.readouterr().err
    assert "Traceback" not in text
    return text.strip().splitlines()[-1]


def test_help_shows_every_command():
    command = [sys.executable, "scripts/dev.py", "--help"]
    text = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in ("serve", "build", "test", "check", "links", "new"):
        assert f"\n    {name} " in text
        assert callable(getattr(dev, name))


def test_the_readme_names_the_commands():
    """.ci/run takes the test command from there."""
    lines = (ROOT / "README.md").read_text("utf-8").splitlines()
    assert "python3 scripts/dev.py serve" in lines
    assert "python3 scripts/dev.py test" in lines


def test_old_python(monkeypatch, capsys):
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))
    with pytest.raises(SystemExit) as error:
        dev.main()
    assert said(capsys, error).startswith("Python 3.11 or newer is needed and this is 3.10; install one")


@pytest.fixture
def fresh(tmp_path, monkeypatch):
    """No environment yet."""
    monkeypatch.setattr(dev, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(dev, "PYTHON", tmp_path / ".venv" / "bin" / "python")
    monkeypatch.setattr(dev, "STAMP", tmp_path / ".venv" / "lock.sha256")


def test_no_venv_module(fresh, monkeypatch, capsys):
    monkeypatch.setattr(dev.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SystemExit) as error:
        dev.set_up()
    assert "apt install python3-venv" in said(capsys, error)


def test_no_network(fresh, monkeypatch, capsys):
    """pip's own complaint, and what to do, in one line; and no stamp, so that the next call starts over."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # the discard port: refused at once
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    with pytest.raises(SystemExit) as error:
        dev.set_up()
    message = error.value.code
    assert message.startswith("Could not set up .venv: ")
    assert message.endswith("Check the network connection or the proxy, then run this again")
    assert "\n" not in message
    assert not dev.STAMP.exists()


def test_set_up_is_done_once(fresh, monkeypatch):
    """The second call starts nothing; another lock starts over."""
    steps = []

    def step(*command):
        steps.append(command)
        dev.PYTHON.parent.mkdir(parents=True, exist_ok=True)
        dev.PYTHON.touch()

    monkeypatch.setattr(dev, "step", step)
    dev.set_up()
    assert len(steps) == 3
    assert (dev.VENV / "uv.lock").read_text().startswith("uv==")
    dev.set_up()
    assert len(steps) == 3
    dev.STAMP.write_text("of another lock")
    dev.set_up()
    assert len(steps) == 6


def test_busy_port(monkeypatch, capsys):
    monkeypatch.setattr(dev, "set_up", lambda: None)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setattr(sys, "argv", ["dev.py", "serve", "--port", str(port)])
        with pytest.raises(SystemExit) as error:
            dev.main()
    assert said(capsys, error) == f"Port {port} is in use; stop what listens there, or add: --port {port + 1}"


def test_builds_have_the_date_of_the_commit(tmp_path, monkeypatch):
    """Which alone makes a build of tomorrow the same as one of today."""
    git = ["git", "-c", "user.name=n", "-c", "user.email=e@guide.test", "-C", str(tmp_path)]
    subprocess.run([*git, "init", "-q"], check=True)
    monkeypatch.setattr(dev, "ROOT", tmp_path)
    assert dev.date() == {}
    settings = {"GIT_COMMITTER_DATE": "1700000000 +0000", "PATH": os.environ["PATH"]}
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "m"], check=True, env=settings)
    assert dev.date() == {"SOURCE_DATE_EPOCH": "1700000000"}
    monkeypatch.setenv("PATH", "")
    assert dev.date() == {}


def test_the_lock_names_no_host():
    assert "://" not in (ROOT / "requirements.lock").read_text("utf-8")


# --- new


@pytest.fixture
def docs(tmp_path, monkeypatch):
    monkeypatch.setattr(new, "DOCS", tmp_path)
    monkeypatch.setattr(new, "ROOT", tmp_path)
    return tmp_path


def test_new_copies_the_template(docs, capsys):
    assert new.main(["case-studies", "umbrella-lending"]) == 0
    text = (docs / "case-studies" / "umbrella-lending.md").read_text("utf-8")
    assert "\ntitle: Umbrella lending\n" in text
    assert "\n# Umbrella lending\n" in text
    assert text.replace("Umbrella lending", "TODO") == (TEMPLATES / "case-studies.md").read_text("utf-8")
    assert "dev.py check case-studies/umbrella-lending.md" in capsys.readouterr().out


def test_new_overwrites_nothing(docs, capsys):
    new.main(["framework", "8-rest"])
    path = docs / "framework" / "8-rest.md"
    path.write_text("mine")
    with pytest.raises(SystemExit) as error:
        new.main(["framework", "8-rest"])
    assert "is there already and was left as it is" in said(capsys, error)
    assert path.read_text() == "mine"


@pytest.mark.parametrize(
    ("slug", "better"), [("Umbrella Lending", "umbrella-lending"), ("../x", "x"), ("rain.md", "rain")]
)
def test_new_names_a_better_slug(docs, capsys, slug, better):
    with pytest.raises(SystemExit) as error:
        new.main(["case-studies", slug])
    assert f"try: {better}" in said(capsys, error)
