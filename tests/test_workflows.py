"""The workflows run pinned actions with the least rights, and are safe for forks."""

import re

import pytest
import yaml

from tests.conftest import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


def test_there_are_workflows():
    assert [path.stem for path in WORKFLOWS] == ["check", "links", "publish", "release"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_pinned_and_least_rights(path):
    text = path.read_text("utf-8")
    workflow = yaml.safe_load(text)
    uses = re.findall(r"uses: (.*)", text)
    assert uses
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v[\d.]+", line) for line in uses)
    assert workflow["permissions"] == {"contents": "read"}
    assert "pull_request_target" not in workflow[True]  # YAML takes the key `on` for a truth value
    assert not re.search(r"\$\{\{[^}]*secrets", text)
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] <= 30
        for step in job["steps"]:
            # what a stranger may choose, such as a branch's name, never reaches a shell as text
            assert "${{" not in step.get("run", "")
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


def test_what_may_write():
    """Publishing and releasing, each in one job; neither starts from what a stranger pushes."""
    writes, starts = {}, {}
    for path in WORKFLOWS:
        workflow = yaml.safe_load(path.read_text("utf-8"))
        for name, job in workflow["jobs"].items():
            rights = {right for right, value in job.get("permissions", {}).items() if value == "write"}
            if rights:
                writes[path.stem, name] = rights
                starts[path.stem] = workflow[True]
    assert writes == {("publish", "deploy"): {"pages", "id-token"}, ("release", "release"): {"contents"}}
    assert starts["publish"] == {"push": {"branches": ["main"]}, "workflow_dispatch": None}
    assert starts["release"] == {"push": {"tags": ["v*"]}}


def test_pages_offer_their_pdfs_and_a_release_has_them():
    publish, release = ((ROOT / f".github/workflows/{name}.yml").read_text("utf-8") for name in ("publish", "release"))
    assert re.findall(r"dev\.py (\w+)", publish) == ["pdf"]
    assert re.findall(r"dev\.py (\w+)", release) == ["pdf", "offline"]
    assert "guide.zip site/pdf/*.pdf site/pdf/*/*.pdf" in release


def test_issue_forms_are_yaml():
    forms = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"))
    assert len(forms) == 3
    assert all(isinstance(yaml.safe_load(path.read_text("utf-8")), dict) for path in forms)
