"""Delivery: a build file that Cloud Build understands, a bundle to go back to, a smoke test that
notices what is broken."""

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

from infra.local.suite.http import Response
from infra.local.suite.layout import ROOT
from infra.tools import deliver

BUILD = ROOT / "cloudbuild.yaml"


def test_cloud_build_understands_the_build_file() -> None:
    done = subprocess.run(
        [
            sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.cloudbuild",
            str(BUILD),
        ],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_deployment_is_tested_planned_and_looked_at_in_this_order() -> None:
    build = YAML(typ="safe").load(BUILD.read_text())
    assert [step["id"] for step in build["steps"]] == [
        "check", "rules", "test", "package", "fetch", "plan", "apply", "smoke", "roll-back",
        "remember",
    ]  # fmt: skip
    # Each waits for all before it, and none may fail.
    assert not any("waitFor" in step or step.get("allowFailure") for step in build["steps"])
    assert build["substitutions"]["_APPLY"] == "no"
    assert build["serviceAccount"].endswith("/mr-deployer@$PROJECT_ID.iam.gserviceaccount.com")


def test_whatever_changes_the_cloud_asks_first_whether_it_may() -> None:
    changing = ("terraform apply", "storage cp deployed.tgz")
    for step in YAML(typ="safe").load(BUILD.read_text())["steps"]:
        told = " ".join(step["args"])
        if any(one in told for one in changing):
            assert "_APPLY" in told or "if [ ! -f broken ]" in told, step["id"]


def test_the_commands_of_the_build_file_exist() -> None:
    text = BUILD.read_text()
    for module in ("infra.tools.package", "infra.tools.deliver"):
        assert f"python -m {module}" in text
    for name in (
        "tests/unit/project",
        "tests/emulator/api/test_firestore_rules.py",
        ".ci/run",
        "emulator.sh",
    ):
        assert name in text
        assert (ROOT / name).exists()


def test_a_bundle_holds_what_an_apply_needs_and_no_secret(tmp_path: Path) -> None:
    house = tmp_path / "house"
    for name in (
        "infra/terraform/functions.tf", "infra/terraform/packages.auto.tfvars.json",
        "infra/terraform/terraform.tfvars", "infra/terraform/.terraform/providers/x",
        "infra/storage.json", "infra/firestore.rules", "infra/firestore.indexes.json",
        ".local/packages/api-0123456789abcdef.zip",
    ):  # fmt: skip
        (house / name).parent.mkdir(parents=True, exist_ok=True)
        (house / name).write_text(name)
    deliver.write_bundle(tmp_path / "deployed.tgz", house)
    with tarfile.open(tmp_path / "deployed.tgz") as archive:
        files = {one.name for one in archive if one.isfile()}
    assert files == {
        "infra/terraform/functions.tf", "infra/terraform/packages.auto.tfvars.json",
        "infra/storage.json", "infra/firestore.rules", "infra/firestore.indexes.json",
        ".local/packages/api-0123456789abcdef.zip",
    }  # fmt: skip


def test_a_bundle_has_every_file_that_terraform_reads() -> None:
    read = {
        name
        for path in (ROOT / "infra" / "terraform").glob("*.tf")
        for name in ("storage.json", "firestore.indexes.json", "firestore.rules")
        if f"/../{name}" in path.read_text()
    }
    assert {f"infra/{name}" for name in read} <= set(deliver.BUNDLE_PATHS)


def cloud(**changed: tuple[int, dict[str, str], bytes]) -> Callable[..., Response]:
    """A deployment that answers as it should, but for what is `changed`."""
    problem = {"Content-Type": "application/problem+json"}
    answers: dict[str, tuple[int, dict[str, str], bytes]] = {
        "healthz": (200, {"X-Content-Type-Options": "nosniff"}, b'{"status":"ok"}'),
        "jobs": (401, problem, b"{}"),
        "recipes": (401, problem, b"{}"),
        "plain": (301, {}, b""),
        "function": (404, {}, b""),
        **changed,
    }

    def ask(method: str, url: str, _payload: Any = None, **_more: Any) -> Response:
        kind = url.rsplit("/", 1)[1]
        kind = "plain" if url.startswith("http:") else kind
        status, headers, body = answers["function" if method == "POST" else kind]
        message = Message()
        for name, value in headers.items():
            message[name] = value
        return Response(status, message, body)

    return ask


def test_a_deployment_that_is_well_has_nothing_to_complain_of() -> None:
    assert deliver.find_problems("https://x.org", ["https://run/a"], cloud()) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"healthz": (502, {}, b"")}, "not 200"),
        ({"jobs": (200, {}, b"[]")}, "listed to strangers"),
        ({"plain": (200, {}, b"")}, "in the clear"),
        ({"function": (204, {}, b"")}, "lets strangers in"),
        ({"recipes": (500, {}, b"")}, "error of ours"),
        ({"healthz": (200, {}, b'{"status":"ok"}')}, "security headers"),
    ],
)
def test_a_deployment_that_is_broken_is_noticed(changed: Any, said: str) -> None:
    wrong = deliver.find_problems("https://x.org", ["https://run/a"], cloud(**changed))
    assert any(said in one for one in wrong), wrong


def test_nobody_who_answers_is_a_complaint_and_not_a_crash(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs = tmp_path / "outputs.json"
    outputs.write_text(json.dumps({"functions": {"value": {"a": "http://127.0.0.1:9"}}}))
    assert deliver.main(["smoke", "http://127.0.0.1:9", "--outputs", str(outputs)]) == 1
    assert "nobody answers" in capsys.readouterr().err
