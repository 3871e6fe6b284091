"""checkov finds nothing in the cloud but what is argued away, in a comment beside the resource."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from infra.local.setup.installs import prepare_environment
from infra.local.suite.layout import ROOT

CLOUD = ROOT / "infra" / "terraform"
NEEDS = Path(__file__).with_name("checkov.txt")
SKIP = re.compile(r"# checkov:skip=(\w+)(?:: (.+))?")


def argued_away() -> list[tuple[str, str]]:
    """What the comments skip, and why."""
    text = "\n".join(path.read_text() for path in CLOUD.glob("*.tf"))
    return [(found[1], found[2] or "") for found in SKIP.finditer(text)]


def test_whatever_is_argued_away_has_an_argument() -> None:
    told = argued_away()
    assert told
    for check, why in told:
        assert len(why.split()) >= 8, f"{check} is skipped without an argument"


@pytest.mark.sweep
def test_checkov_finds_nothing_that_nobody_has_thought_of() -> None:
    home = prepare_environment(NEEDS, "checkov", lambda _: None)
    done = subprocess.run(
        [
            str(home / "bin" / "checkov"), "-d", str(CLOUD), "--framework", "terraform",
            "--compact", "--skip-download", "-o", "json",
        ],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    told = json.loads(done.stdout)
    failed = [f"{one['check_id']} {one['resource']}" for one in told["results"]["failed_checks"]]
    assert not failed
    assert told["summary"]["passed"] >= 100
    skipped = {one["check_id"] for one in told["results"]["skipped_checks"]}
    assert skipped == {check for check, _ in argued_away()}, "an argument that nothing needs"
