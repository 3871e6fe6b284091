"""The Terraform configuration is formatted and valid, and its own tests pass.

These tests run the real Terraform with a provider that has Google's schema and creates nothing.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.local.suite.layout import ROOT

OFFLINE = ROOT.parent / "shared" / "tf-offline" / "tf-offline"
CLOUD = ROOT / "infra" / "terraform"

pytestmark = pytest.mark.skipif(not OFFLINE.is_file(), reason="tf-offline is not available")

Process = subprocess.CompletedProcess[str]
Terraform = Callable[..., Process]


def read_schema() -> Any:
    """Returns Google's schema. It has lost the arguments that are named `count`, like Terraform's
    meta-argument."""
    schema = json.loads(OFFLINE.with_name("google_schema.json").read_text())
    policy = schema["resource"]["google_compute_security_policy"]
    options = policy["b"]["rule"]["blk"]["b"]["rate_limit_options"]["blk"]
    for name in ("rate_limit_threshold", "ban_threshold"):
        options["b"][name]["blk"]["a"]["count"] = {"t": "number", "r": 1}
    return schema


@pytest.fixture(scope="module")
def terraform(
    terraform_python: Path, terraform_command: Path, tmp_path_factory: pytest.TempPathFactory
) -> Terraform:
    """Returns a function that runs one Terraform command with the schema-only provider."""
    schema = tmp_path_factory.mktemp("schema") / "schema.json"
    schema.write_text(json.dumps(read_schema()))
    path = f"{terraform_command.parent}{os.pathsep}{os.environ.get('PATH', '')}"

    def run(*arguments: str, cloud: Path = CLOUD) -> Process:
        return subprocess.run(
            ["bash", str(OFFLINE), str(cloud), *arguments],  # noqa: S607 - of the system
            env={
                **os.environ,
                "PATH": path,
                "TF_STUB_PYTHON": str(terraform_python),
                "TF_STUB_SCHEMA": str(schema),
            },
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    """A copy of the configuration with the files that it reads."""
    shutil.copytree(CLOUD, tmp_path / "infra" / "terraform")
    for name in (
        "storage.json", "firestore.indexes.json", "firestore.rules", "cloud_build/apply.yaml",
        "tools/saved_plan.py",
    ):  # fmt: skip
        (tmp_path / "infra" / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / "infra" / name, tmp_path / "infra" / name)
    return tmp_path / "infra" / "terraform"


def test_files_are_formatted(terraform: Terraform) -> None:
    process = terraform("fmt", "-check", "-recursive", "-diff")
    assert process.returncode == 0, process.stdout + process.stderr


def test_configuration_is_valid(terraform: Terraform) -> None:
    process = terraform("validate")
    assert process.returncode == 0, process.stdout + process.stderr


def test_terraform_tests_pass(terraform: Terraform) -> None:
    process = terraform("test")
    assert process.returncode == 0, process.stdout + process.stderr
    assert " 0 failed" in process.stdout


# File, original text, changed text, expected error message.
MUTATIONS = {
    "open-stage": (
        "functions.tf",
        '"google_cloud_run_v2_service_iam_member" "public" {\n  for_each = local.https_functions',
        '"google_cloud_run_v2_service_iam_member" "public" {\n  for_each = var.functions',
        "A stage function is public.",
    ),
    "editor": (
        "accounts.tf",
        "role    = each.value.role",
        'role    = "roles/editor"',
        "An account has a basic role on the project.",
    ),
    "public-bucket": ("buckets.tf", '"enforced"', '"inherited"', "A bucket is public"),
    "short-ack-deadline": (
        "topics.tf",
        "each.value.ack_deadline_s",
        "30",
        "An ack deadline differs",
    ),
    "other-origin": ("buckets.tf", '"https://${var.domain}"', '"*"', "allows another origin"),
    "logged-urls": (
        "functions.tf",
        "for name in keys(local.https_functions) : jsonencode",
        'for name in ["api"] : jsonencode',
        "The request logs of an HTTPS function are kept",
    ),
    "no-client-limit": (
        "load_balancer.tf",
        "  security_policy       = google_compute_security_policy.front.id\n",
        "",
        "without the limit of requests of a client",
    ),
    "not-narrowed": ("accounts.tf", 'each.value.prefix == "" ? []', "true ? []", "its prefix"),
    "tests-as-deployer": (
        "cloud_build.tf",
        "google_service_account.tester.id",
        "google_service_account.deployer.id",
        "Tests run as another account",
    ),
    "no-approval": (
        "cloud_build.tf",
        "approval_required = true",
        "approval_required = false",
        "runs without an approval",
    ),
    "planner-reads-users": (
        "cloud_build.tf",
        '"roles/run.viewer",',
        '"roles/run.viewer", "roles/datastore.viewer",',
        "or read data of users",
    ),
    "planner-writes": (
        "cloud_build.tf",
        '"roles/run.viewer",',
        '"roles/run.admin",',
        "The planner may change something",
    ),
    "tester-saves-plans": (
        "buckets.tf",
        "[google_service_account.planner.member]",
        "[google_service_account.tester.member]",
        "Another account than the planner saves plans",
    ),
    "no-security-policies": (
        "cloud_build.tf",
        '    "roles/compute.securityAdmin",\n',
        "",
        "cannot manage the load balancer and its security policy",
    ),
    "image-by-tag": (
        "../cloud_build/apply.yaml",
        "@sha256:",
        "-",
        "an image without a digest",
    ),
}


@pytest.mark.sweep
@pytest.mark.parametrize("name", MUTATIONS)
def test_terraform_tests_find_a_mutation(
    name: str, configuration: Path, terraform: Terraform
) -> None:
    file, original, changed, message = MUTATIONS[name]
    text = (configuration / file).read_text()
    assert original in text
    (configuration / file).write_text(text.replace(original, changed))
    tests = "cloud_build" if "cloud_build" in file or name == "tester-saves-plans" else "cloud"
    process = terraform("test", f"-filter=tests/{tests}.tftest.hcl", cloud=configuration)
    assert process.returncode != 0
    output = process.stdout + process.stderr
    assert message in " ".join(output.replace("│", " ").split()), output
