"""Delivery: the build files are valid, the bundle is complete, the smoke test finds problems."""

from __future__ import annotations

import json
import re
import shutil
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

BUILDS = {
    "test": ROOT / "cloudbuild.yaml",
    "plan": ROOT / "infra" / "cloud_build" / "plan.yaml",
    "apply": ROOT / "infra" / "cloud_build" / "apply.yaml",
}
LOCK_FILE = ROOT / "infra" / "terraform" / ".terraform.lock.hcl"
ACCOUNTS = {"test": "mr-tester", "plan": "mr-planner", "apply": "mr-deployer"}


def load_build(name: str) -> Any:
    return YAML(typ="safe").load(BUILDS[name].read_text())


def scripts(name: str) -> dict[str, str]:
    """Returns the command of each step, by its id."""
    return {step["id"]: " ".join(step["args"]) for step in load_build(name)["steps"]}


@pytest.mark.parametrize("name", BUILDS)
def test_build_file_matches_the_cloud_build_schema(name: str) -> None:
    process = subprocess.run(
        [
            sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.cloudbuild",
            str(BUILDS[name]),
        ],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert process.returncode == 0, process.stdout + process.stderr


@pytest.mark.parametrize("name", BUILDS)
def test_build_runs_as_its_account_and_no_step_may_fail(name: str) -> None:
    build = load_build(name)
    account = f"{ACCOUNTS[name]}@$PROJECT_ID.iam.gserviceaccount.com"
    assert build["serviceAccount"] == f"projects/$PROJECT_ID/serviceAccounts/{account}"
    assert build["options"]["logging"] == "CLOUD_LOGGING_ONLY"
    # A step waits for all steps before it unless `waitFor` is set.
    assert not any("waitFor" in step or step.get("allowFailure") for step in build["steps"])


def test_build_steps_run_in_order() -> None:
    assert list(scripts("test")) == ["check", "rules", "test"]
    assert list(scripts("plan")) == ["package", "settings", "plan", "save"]
    assert list(scripts("apply")) == [
        "fetch", "tested", "previous", "apply", "smoke", "roll-back", "remember",
    ]  # fmt: skip


def test_only_the_apply_build_changes_the_cloud() -> None:
    for name in ("test", "plan"):
        text = BUILDS[name].read_text()
        assert "terraform apply" not in text
        assert "saved_plan upload" not in " ".join(scripts(name).values())
    steps = scripts("apply")
    assert {step for step, text in steps.items() if "terraform apply" in text} == {
        "apply", "roll-back",
    }  # fmt: skip
    assert "apply -input=false -no-color ../../plan.tfplan" in steps["apply"]
    assert "if [ ! -f broken ]; then exit 0" in steps["roll-back"]


def test_apply_build_uses_only_the_verified_archive() -> None:
    for step in load_build("apply")["steps"]:
        own_code = step["args"][:2] == ["-c", "SAVED_PLAN"]
        assert own_code or step["dir"].startswith("/release"), step["id"]
        assert "/workspace" not in " ".join(step["args"])


def test_lock_file_is_read_only_only_where_it_has_the_checksum_of_the_platform() -> None:
    """`init` adds the `h1:` checksum of the platform, without which `validate` and `plan` fail."""
    text = LOCK_FILE.read_text()
    assert text.count('"zh:') >= 10
    has_checksum = '"h1:' in text
    # The plan, reviews (on another platform), and the roll-back to an archive without a lock file.
    for init in (
        scripts("plan")["plan"],
        (ROOT / "infra" / "DEPLOY.md").read_text(),
        (ROOT / "infra" / "RUNBOOK.md").read_text(),
        scripts("apply")["roll-back"],
    ):
        assert has_checksum or "-lockfile=readonly" not in init
    # `save` writes the archive after the `init` of `plan`, on the platform of the apply build.
    assert "deployment bundle" in scripts("plan")["save"]
    assert "init -input=false -lockfile=readonly" in scripts("apply")["apply"]


def test_commands_of_the_build_files_exist() -> None:
    text = "\n".join(path.read_text() for path in BUILDS.values())
    for name in (
        "tests/unit/project", "tests/emulator/api/test_firestore_rules.py", ".ci/run",
        "emulator.sh",
    ):  # fmt: skip
        assert name in text
        assert (ROOT / name).exists()
    modules = set(re.findall(r"infra\.tools\.\w+", text))
    assert modules == {"infra.tools.package", "infra.tools.saved_plan", "infra.tools.deployment"}
    assert all((ROOT / f"{module.replace('.', '/')}.py").is_file() for module in modules)


def test_bundle_has_the_plan_and_what_applying_it_needs(tmp_path: Path) -> None:
    root = tmp_path / "root"
    shutil.copytree(ROOT / "infra", root / "infra", ignore=shutil.ignore_patterns("node_modules"))
    for name in (
        "infra/terraform/packages.auto.tfvars.json", "infra/terraform/terraform.tfvars",
        "infra/terraform/.terraform/providers/x", "infra/terraform/old.tfplan",
        ".local/packages/api-0123456789abcdef.zip", "plan.tfplan",
    ):  # fmt: skip
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    deployment.write_bundle(tmp_path / "plan.tgz", root / "plan.tfplan", "c0ffee", root)
    with tarfile.open(tmp_path / "plan.tgz") as archive:
        archive.extractall(tmp_path / "release", filter="data")
    release = tmp_path / "release"
    assert (release / "commit").read_text() == "c0ffee\n"
    assert {path.name for path in release.rglob("*.tfplan")} == {"plan.tfplan"}
    assert not (release / "infra/terraform/.terraform").exists()
    for name in (
        "infra/terraform/terraform.tfvars", "infra/terraform/packages.auto.tfvars.json",
        "infra/terraform/.terraform.lock.hcl", ".local/packages/api-0123456789abcdef.zip",
    ):  # fmt: skip
        assert (release / name).is_file(), name
    # The smoke test of an extracted archive starts without the rest of the checkout.
    process = subprocess.run(
        [sys.executable, "-P", "-m", "infra.tools.deployment", "smoke", "http://127.0.0.1:9"],
        cwd=release,
        env={"PYTHONPATH": str(release)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "no response from http://127.0.0.1:9" in process.stderr, process.stderr


def test_bundle_has_every_file_that_terraform_reads() -> None:
    read = {
        name
        for path in (ROOT / "infra" / "terraform").glob("*.tf")
        for name in re.findall(r'/(?:\.\./|infra/)([a-z_]+[a-z_./]*)"', path.read_text())
    }
    assert read >= {"storage.json", "firestore.rules", "cloud_build/apply.yaml"}
    for name in read:
        paths = {f"infra/{name}", f"infra/{name.partition('/')[0]}"}
        assert paths & set(deployment.BUNDLE_PATHS), name


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
    values = {"url": "http://127.0.0.1:9", "functions": {"a": "http://127.0.0.1:9"}}
    outputs.write_text(json.dumps({name: {"value": value} for name, value in values.items()}))
    assert deployment.main(["smoke", "--outputs", str(outputs)]) == 1
    assert "no response from" in capsys.readouterr().err
