"""The scripts of the apply build with the real Terraform: one plan, applied once, or undone.

The configuration is a small one without a provider, with its state in a file.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from infra.local.suite.layout import ROOT
from infra.tools import deployment

STEPS = {
    step["id"]: step
    for step in YAML(typ="safe").load((ROOT / "infra/cloud_build/apply.yaml").read_text())["steps"]
}
PLAN = next(
    step["args"][1]
    for step in YAML(typ="safe").load((ROOT / "infra/cloud_build/plan.yaml").read_text())["steps"]
    if step["id"] == "plan"
)
CONFIGURATION = """\
terraform {
  backend "local" {}
}

variable "version_label" {
  type = string
}

resource "terraform_data" "deployed" {
  input = var.version_label
}

output "url" {
  value = "http://127.0.0.1:9"
}
"""

Process = subprocess.CompletedProcess[str]


@dataclass
class Project:
    """Checkouts, the volume of the apply build, and the state of what is deployed."""

    folder: Path
    environment: dict[str, str]

    @property
    def release(self) -> Path:
        """The volume /release of the apply build."""
        return self.folder / "release"

    def run(self, script: str, cwd: Path) -> Process:
        """Runs the script of a step with this project's paths. Its image has another shell."""
        script = (
            script.replace("bucket=$PROJECT_ID-terraform", f"path={self.folder / 'state'}")
            .replace("$_PLAN", "c0ffee")
            .replace("/release", str(self.release))
            # There is no deployment to wait for.
            .replace("--timeout-s 900", "--timeout-s 0")
        )
        return subprocess.run(
            ["bash", "-ec", script],  # noqa: S607 - of the system
            cwd=cwd,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def plan(self, label: str) -> Path:
        """Plans the deployment of a version. Returns the archive of the plan."""
        root = self.folder / label
        for name in deployment.BUNDLE_PATHS:
            path = root / name
            if not name.startswith("infra/") or name in ("infra/terraform", "infra/cloud_build"):
                path.mkdir(parents=True)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes((ROOT / name).read_bytes())
        terraform = root / "infra" / "terraform"
        (terraform / "main.tf").write_text(CONFIGURATION)
        (terraform / "terraform.tfvars").write_text(f'version_label = "{label}"\n')
        (terraform / ".terraform.lock.hcl").write_text(f"# Of {label}.\n")
        process = self.run(PLAN, terraform)
        assert process.returncode == 0, process.stdout + process.stderr
        archive = self.folder / f"{label}.tgz"
        deployment.write_bundle(archive, root / "plan.tfplan", "c0ffee", root)
        return archive

    def fetch(self, archive: Path, previous: Path | None = None) -> None:
        """Extracts an archive as the step `fetch` does, into an empty volume."""
        subprocess.run(["rm", "-rf", str(self.release)], check=True)  # noqa: S607 - of the system
        new = self.release / "new"
        new.mkdir(parents=True)
        subprocess.run(["tar", "-xzf", archive, "-C", new], check=True)  # noqa: S607 - of the system
        if previous:
            (self.release / "previous.tgz").write_bytes(previous.read_bytes())

    def step(self, name: str) -> Process:
        """Runs a step of the apply build in its folder."""
        folder = Path(STEPS[name]["dir"].replace("/release", str(self.release)))
        return self.run(STEPS[name]["args"][1], folder)

    def deployed(self) -> Any:
        """Returns the version in the state."""
        state = json.loads((self.folder / "state").read_text())
        return state["resources"][0]["instances"][0]["attributes"]["input"]["value"]


@pytest.fixture
def project(tmp_path: Path, terraform_command: Path) -> Project:
    """A project in which nothing is deployed."""
    path = f"{terraform_command.parent}{os.pathsep}{Path(sys.executable).parent}"
    # No provider is downloaded, and no version of Terraform is looked up.
    (tmp_path / "rc").write_text("")
    environment = {
        **os.environ,
        "PATH": f"{path}{os.pathsep}{os.environ['PATH']}",
        "TF_CLI_CONFIG_FILE": str(tmp_path / "rc"),
        "CHECKPOINT_DISABLE": "1",
    }
    return Project(tmp_path, environment)


@pytest.mark.slow
def test_saved_plan_is_applied_once_and_a_failed_deployment_is_undone(project: Project) -> None:
    first, second = project.plan("first"), project.plan("second")

    project.fetch(first)
    process = project.step("apply")
    assert process.returncode == 0, process.stdout + process.stderr
    assert "Applying the plan c0ffee." in process.stdout
    assert project.deployed() == "first"
    assert (project.release / "outputs.json").exists()
    assert not (project.release / "broken").exists()

    # The state has changed since both were planned: nothing is applied, and nothing undone.
    for archive in (second, first):
        project.fetch(archive, first)
        process = project.step("apply")
        assert process.returncode == 1
        assert "The state has changed since the plan was made." in process.stdout
        assert not (project.release / "broken").exists()
    assert project.deployed() == "first"

    # No server answers, so the smoke test fails.
    project.fetch(project.plan("third"), first)
    assert project.step("apply").returncode == 0
    assert project.deployed() == "third"
    process = project.step("smoke")
    assert process.returncode == 0
    assert "no response from http://127.0.0.1:9" in process.stderr
    process = project.step("roll-back")
    assert process.returncode == 1
    assert "The previous deployment was restored." in process.stdout
    assert project.deployed() == "first"
    lock_file = project.release / "previous/infra/terraform/.terraform.lock.hcl"
    assert lock_file.read_text() == "# Of first.\n"


@pytest.mark.slow
def test_archive_of_an_earlier_version_is_restored_with_the_files_it_lacks(
    project: Project, tmp_path: Path
) -> None:
    first = project.plan("first")
    names = ("terraform.tfvars", ".terraform.lock.hcl")
    earlier = tmp_path / "earlier.tgz"
    with tarfile.open(first) as source, tarfile.open(earlier, "w:gz") as target:
        for entry in source:
            if Path(entry.name).name not in names:
                target.addfile(entry, source.extractfile(entry) if entry.isfile() else None)
    project.fetch(project.plan("second"), earlier)
    (project.release / "broken").touch()

    process = project.step("roll-back")

    assert process.returncode == 1
    assert "The previous deployment was restored." in process.stdout, process.stderr
    terraform = project.release / "previous/infra/terraform"
    assert (terraform / ".terraform.lock.hcl").read_text() == "# Of second.\n"
    assert project.deployed() == "second"  # The label is a setting.


@pytest.mark.slow
def test_failed_first_deployment_has_nothing_to_restore(project: Project) -> None:
    project.fetch(project.plan("first"))
    (project.release / "broken").touch()

    assert project.step("smoke").returncode == 0
    process = project.step("roll-back")
    assert process.returncode == 1
    assert "there is no previous deployment to restore" in process.stdout
