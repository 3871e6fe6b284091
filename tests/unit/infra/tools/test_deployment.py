"""Delivery: the build file is valid, the bundle is complete, the smoke test finds problems."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from collections.abc import Callable
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from infra.local.client.http import Response
from infra.local.suite.layout import ROOT
from infra.tools import deployment

BUILD = ROOT / "cloudbuild.yaml"


def test_build_file_matches_the_cloud_build_schema() -> None:
    process = subprocess.run(
        [
            sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.cloudbuild",
            str(BUILD),
        ],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert process.returncode == 0, process.stdout + process.stderr


def test_build_steps_run_in_order_and_none_may_fail() -> None:
    build = YAML(typ="safe").load(BUILD.read_text())
    assert [step["id"] for step in build["steps"]] == [
        "check", "rules", "test", "package", "fetch", "plan", "apply", "smoke", "roll-back",
        "remember",
    ]  # fmt: skip
    # A step waits for all steps before it unless `waitFor` is set.
    assert not any("waitFor" in step or step.get("allowFailure") for step in build["steps"])
    assert build["substitutions"]["_APPLY"] == "no"
    assert build["serviceAccount"].endswith("/mr-deployer@$PROJECT_ID.iam.gserviceaccount.com")


def test_steps_that_change_the_cloud_check_for_permission() -> None:
    commands = ("terraform apply", "storage cp deployed.tgz")
    for step in YAML(typ="safe").load(BUILD.read_text())["steps"]:
        script = " ".join(step["args"])
        if any(command in script for command in commands):
            assert "_APPLY" in script or "if [ ! -f broken ]" in script, step["id"]


def test_commands_of_the_build_file_exist() -> None:
    text = BUILD.read_text()
    for module in ("infra.tools.package", "infra.tools.deployment"):
        assert f"python -m {module}" in text
    for name in (
        "tests/unit/project",
        "tests/emulator/api/test_firestore_rules.py",
        ".ci/run",
        "emulator.sh",
    ):
        assert name in text
        assert (ROOT / name).exists()


def test_bundle_has_the_files_of_an_apply_and_no_secret(tmp_path: Path) -> None:
    root = tmp_path / "root"
    for name in (
        "infra/terraform/functions.tf", "infra/terraform/packages.auto.tfvars.json",
        "infra/terraform/terraform.tfvars", "infra/terraform/.terraform/providers/x",
        "infra/storage.json", "infra/firestore.rules", "infra/firestore.indexes.json",
        ".local/packages/api-0123456789abcdef.zip",
    ):  # fmt: skip
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    deployment.write_bundle(tmp_path / "deployed.tgz", root)
    with tarfile.open(tmp_path / "deployed.tgz") as archive:
        files = {entry.name for entry in archive if entry.isfile()}
    assert files == {
        "infra/terraform/functions.tf", "infra/terraform/packages.auto.tfvars.json",
        "infra/storage.json", "infra/firestore.rules", "infra/firestore.indexes.json",
        ".local/packages/api-0123456789abcdef.zip",
    }  # fmt: skip


def test_bundle_has_every_file_that_terraform_reads() -> None:
    read = {
        name
        for path in (ROOT / "infra" / "terraform").glob("*.tf")
        for name in ("storage.json", "firestore.indexes.json", "firestore.rules")
        if f"/../{name}" in path.read_text()
    }
    assert {f"infra/{name}" for name in read} <= set(deployment.BUNDLE_PATHS)


def fake_deployment(**changed: tuple[int, dict[str, str], bytes]) -> Callable[..., Response]:
    """Returns the request function of a healthy deployment, with some responses replaced."""
    problem = {"Content-Type": "application/problem+json"}
    responses: dict[str, tuple[int, dict[str, str], bytes]] = {
        "healthz": (200, {"X-Content-Type-Options": "nosniff"}, b'{"status":"ok"}'),
        "jobs": (401, problem, b"{}"),
        "recipes": (401, problem, b"{}"),
        "plain": (301, {}, b""),
        "function": (404, {}, b""),
        **changed,
    }

    def send(method: str, url: str, _payload: Any = None, **_options: Any) -> Response:
        kind = url.rsplit("/", 1)[1]
        kind = "plain" if url.startswith("http:") else kind
        status, headers, body = responses["function" if method == "POST" else kind]
        message = Message()
        for name, value in headers.items():
            message[name] = value
        return Response(status, message, body)

    return send


def test_healthy_deployment_has_no_problems() -> None:
    assert deployment.find_problems("https://x.org", ["https://run/a"], fake_deployment()) == []


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"healthz": (502, {}, b"")}, "not 200"),
        ({"jobs": (200, {}, b"[]")}, "listed without sign-in"),
        ({"plain": (200, {}, b"")}, "not redirected to HTTPS"),
        ({"function": (204, {}, b"")}, "accepts requests from outside"),
        ({"recipes": (500, {}, b"")}, "fails with a server error"),
        ({"healthz": (200, {}, b'{"status":"ok"}')}, "security headers"),
    ],
)
def test_smoke_test_finds_a_broken_deployment(changed: Any, message: str) -> None:
    send = fake_deployment(**changed)
    problems = deployment.find_problems("https://x.org", ["https://run/a"], send)
    assert any(message in problem for problem in problems), problems


def test_unreachable_deployment_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs = tmp_path / "outputs.json"
    outputs.write_text(json.dumps({"functions": {"value": {"a": "http://127.0.0.1:9"}}}))
    assert deployment.main(["smoke", "http://127.0.0.1:9", "--outputs", str(outputs)]) == 1
    assert "no response from" in capsys.readouterr().err
