"""checkov reports nothing except checks that a comment at the resource skips with a reason."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from infra.local.setup.installs import prepare_environment
from infra.local.suite.layout import ROOT

CLOUD = ROOT / "infra" / "terraform"
REQUIREMENTS = Path(__file__).with_name("checkov.txt")
SKIP = re.compile(r"# checkov:skip=(\w+)(?:: (.+))?")


def list_skips() -> list[tuple[str, str]]:
    """Returns the skipped checks with their reasons."""
    text = "\n".join(path.read_text() for path in CLOUD.glob("*.tf"))
    return [(match[1], match[2] or "") for match in SKIP.finditer(text)]


def test_every_skipped_check_has_a_reason() -> None:
    skips = list_skips()
    assert skips
    for check, reason in skips:
        assert len(reason.split()) >= 8, f"{check} is skipped without a reason"


@pytest.mark.sweep
def test_checkov_reports_only_skipped_checks() -> None:
    environment = prepare_environment(REQUIREMENTS, "checkov", lambda _: None)
    process = subprocess.run(
        [
            str(environment / "bin" / "checkov"), "-d", str(CLOUD), "--framework", "terraform",
            "--compact", "--skip-download", "-o", "json",
        ],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    report = json.loads(process.stdout)
    failed = [
        f"{check['check_id']} {check['resource']}" for check in report["results"]["failed_checks"]
    ]
    assert not failed
    assert report["summary"]["passed"] >= 100
    skipped = {check["check_id"] for check in report["results"]["skipped_checks"]}
    assert skipped == {check for check, _ in list_skips()}, "a skip that is not needed"
