"""The commands of the guides that create and rotate keys, with keys of `infra.operations.keys`.

`gcloud` is a program that stores each version of a secret in a file.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.local.suite.layout import ROOT
from shared.adapters.hpke import find_public_key, new_private_key

GCLOUD = """\
#!/bin/sh
# Versions of a secret are SECRETS/NAME/1, 2 and so on. The commands in FAILING fail.
set -eu
echo "$*" >> "$SECRETS/calls"
case " $FAILING " in *" $3 "*) echo "gcloud failed: $3" >&2; exit 1;; esac
case "$1 $2 $3" in
  "secrets versions list")
    ls -r "$SECRETS/$4" | head -1;;
  "secrets versions access")
    folder="$SECRETS/${5#--secret=}"; cat "$folder/$(ls -r "$folder" | head -1)";;
  "secrets versions add")
    folder="$SECRETS/$4"; cat > "$folder/$(( $(ls "$folder" | wc -l) + 1 ))";;
  "run services update") ;;
  *) echo "unexpected: $*" >&2; exit 2;;
esac
"""
SETTINGS = 'project_id = "p"\ncamera_public_key_note = "kept"'
"""Without a newline at the end, as an editor may leave it."""

Process = subprocess.CompletedProcess[str]


@dataclass
class Operator:
    """A shell of a person who follows a guide."""

    folder: Path

    def run(self, script: str, failing: str = "") -> Process:
        """Runs commands of a guide. `failing` are the subcommands of gcloud that fail."""
        return subprocess.run(
            ["bash", "-c", script],  # noqa: S607 - of the system
            cwd=self.folder,
            env={
                **os.environ,
                "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
                "PYTHONPATH": str(ROOT),
                "SECRETS": str(self.folder / "secrets"),
                "FAILING": failing,
                "REGION": "r",
                "PROJECT": "p",
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def versions(self, secret: str) -> list[str]:
        """Returns the versions of a secret, oldest first."""
        folder = self.folder / "secrets" / secret
        return [path.read_text() for path in sorted(folder.iterdir())]

    @property
    def settings(self) -> str:
        """The content of terraform.tfvars."""
        return (self.folder / "infra" / "terraform" / "terraform.tfvars").read_text()


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    """A shell in a checkout with settings and four secrets without versions."""
    for name in (
        "bin",
        "secrets/CAMERA_KEYS",
        "secrets/WEBHOOK_KEYS",
        "secrets/FETCH_KEYS",
        "secrets/DELIVERY_KEYS",
        ".operations/bin",
    ):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "infra" / "terraform").mkdir(parents=True)
    (tmp_path / "infra" / "terraform" / "terraform.tfvars").write_text(SETTINGS)
    (tmp_path / "bin" / "gcloud").write_text(GCLOUD)
    (tmp_path / "bin" / "gcloud").chmod(0o755)
    python = tmp_path / ".operations" / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    return Operator(tmp_path)


def read_step(guide: str, start: str, end: str) -> str:
    """Returns the lines of a guide from `start` to before `end`."""
    text = (ROOT / "infra" / guide).read_text()
    return text[text.index(start) : text.index(end, text.index(start))]


CREATE = read_step("DEPLOY.md", "for secret in CAMERA_KEYS", "cd infra/terraform\n\n# 6.")
ROTATE = read_step("RUNBOOK.md", "# 1. Both private keys are readable", "# 2. The new key")
RETIRE = read_step("RUNBOOK.md", "# 4. Retire the old key", "gcloud secrets versions disable")


def test_keys_are_created_once(operator: Operator) -> None:
    for _ in range(2):
        process = operator.run(CREATE)
        assert process.returncode == 0, process.stderr
        (camera,), (webhook,), (fetch,), (delivery,) = (
            operator.versions(f"{name}_KEYS") for name in ("CAMERA", "WEBHOOK", "FETCH", "DELIVERY")
        )
        assert operator.settings == (
            f'{SETTINGS}\ncamera_public_key = "{find_public_key(camera)}"\n'
            f'webhook_public_key = "{find_public_key(webhook)}"\n'
            f'fetch_public_key = "{find_public_key(fetch)}"\n'
            f'delivery_public_key = "{find_public_key(delivery)}"\n'
        )
    assert len({camera, webhook, fetch, delivery}) == 4


def test_key_of_a_rotated_secret_replaces_the_setting(operator: Operator) -> None:
    operator.run(CREATE)
    keys = f"{new_private_key()}\n{new_private_key()}\n"
    (operator.folder / "secrets" / "CAMERA_KEYS" / "2").write_text(keys)

    assert operator.run(CREATE).returncode == 0
    lines = re.findall(r"^camera_public_key += .*", operator.settings, re.MULTILINE)
    assert lines == [f'camera_public_key = "{find_public_key(keys)}"']


@pytest.mark.parametrize("failing", ["list", "add", "access"])
def test_failed_creation_is_reported_and_changes_no_setting(
    operator: Operator, failing: str
) -> None:
    process = operator.run(CREATE, failing)
    assert f"gcloud failed: {failing}" in process.stderr
    assert "CAMERA_KEYS: failed. Repeat step 5." in process.stderr
    assert operator.settings == SETTINGS
    assert operator.versions("WEBHOOK_KEYS") == []

    assert operator.run(CREATE).returncode == 0
    assert len(operator.versions("CAMERA_KEYS")) == len(operator.versions("WEBHOOK_KEYS")) == 1


def test_failed_key_generation_adds_no_version(operator: Operator) -> None:
    (operator.folder / ".operations" / "bin" / "python").unlink()
    for script in (CREATE, ROTATE, f"CAMERA_KEYS=old\n{RETIRE}"):
        assert operator.run(script).stderr
    assert operator.versions("CAMERA_KEYS") == operator.versions("WEBHOOK_KEYS") == []
    assert operator.settings == SETTINGS


def test_rotation_puts_the_new_key_first(operator: Operator) -> None:
    operator.run(CREATE)
    assert operator.run(ROTATE).returncode == 0
    first, second = operator.versions("CAMERA_KEYS")
    new, old = second.splitlines()
    assert f"{old}\n" == first
    assert find_public_key(new) != find_public_key(old)


@pytest.mark.parametrize("failing", ["access", "add"])
def test_failed_rotation_keeps_the_old_key_and_the_revision(
    operator: Operator, failing: str
) -> None:
    operator.run(CREATE)
    versions = operator.versions("CAMERA_KEYS")

    assert operator.run(ROTATE, failing).returncode != 0
    assert operator.versions("CAMERA_KEYS") == versions
    assert "run services update" not in (operator.folder / "secrets" / "calls").read_text()


def test_key_is_not_retired_without_keys_or_before_the_check_passes(operator: Operator) -> None:
    operator.run(CREATE)
    versions = operator.versions("CAMERA_KEYS")
    # A new shell has no CAMERA_KEYS; in the other one the check fails with a malformed key.
    for script in (RETIRE, f"export CAMERA_KEYS=malformed\n{RETIRE}"):
        assert operator.run(script).returncode != 0
    assert operator.versions("CAMERA_KEYS") == versions


def test_changelog_names_the_step_that_applies() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text()
    (step,) = re.findall(
        r"an Owner applies once from a shell \(DEPLOY\.md, step (\d+)\)", changelog
    )
    steps = re.split(r"^# (\d+)\. ", (ROOT / "infra" / "DEPLOY.md").read_text(), flags=re.MULTILINE)
    assert "\nterraform apply\n" in steps[steps.index(step) + 1]
