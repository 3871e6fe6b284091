"""Packages: the same tree gives the same bytes, a change reaches whom it can, each one starts."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import subprocess
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra.local.emulators.gcs.xml_api.signer import write_key_file
from infra.local.setup.installs import clean_env, prepare_environment
from infra.local.setup.tools import requirements_file
from infra.local.suite.http import is_reachable, request
from infra.local.suite.layout import HOST, PROJECT, ROOT, SuiteLayout
from infra.local.suite.ports import find_free_base
from infra.local.suite.services import SIGNER_KEY_FILE, emulator_env
from infra.tools import imports, package
from shared.pipeline import FUNCTIONS, Function, FunctionKind, ScheduleTrigger

pytestmark = pytest.mark.slow

BUILT = [row for row in FUNCTIONS.values() if row.is_built]
FIRST_OF_EACH_KIND = {
    next(row.name for row in BUILT if row.kind is kind)
    for kind in (FunctionKind.PIPELINE, FunctionKind.HTTPS)
}


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of what is deployed, written in another order and at another time."""
    copied = tmp_path / "tree"
    for folder in ("functions", "shared"):
        for path in sorted((ROOT / folder).rglob("*"), reverse=True):
            if path.is_file() and "__pycache__" not in path.parts:
                target = copied / path.relative_to(ROOT)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
                target.chmod(0o600)
    monkeypatch.setattr(imports, "ROOT", copied)
    monkeypatch.setattr(package, "ROOT", copied)
    _forget()
    yield copied
    _forget()


def _forget() -> None:
    imports.find_modules.cache_clear()


def packed(out: Path) -> dict[str, Path]:
    return package.package_functions([row.name for row in BUILT], out)


def test_two_builds_of_the_same_tree_give_the_same_bytes(tmp_path: Path, tree: Path) -> None:
    copied = packed(tmp_path / "copied")
    with pytest.MonkeyPatch.context() as back:
        for module in (imports, package):
            back.setattr(module, "ROOT", ROOT)
        _forget()
        ours = packed(tmp_path / "ours")
    assert {name: path.name for name, path in ours.items()} == {
        name: path.name for name, path in copied.items()
    }
    for name, path in ours.items():
        assert path.read_bytes() == copied[name].read_bytes(), name


def changed_by(tree: Path, out: Path, file: str, text: str = "\n# changed\n") -> set[str]:
    before = packed(out)
    path = tree / file
    path.write_text((path.read_text() if path.exists() else "") + text)
    _forget()
    after = packed(out)
    return {name for name in after if after[name].name != before[name].name}


def test_a_change_in_a_function_redeploys_that_function_alone(tmp_path: Path, tree: Path) -> None:
    for name in FIRST_OF_EACH_KIND:
        assert changed_by(tree, tmp_path, f"functions/{name}/main.py") == {name}


def test_a_change_of_requirements_redeploys(tmp_path: Path, tree: Path) -> None:
    row = BUILT[0]
    lock = f"functions/{row.name}/requirements.txt"
    assert changed_by(tree, tmp_path, lock) == {row.name}


def test_another_library_for_gemini_changes_one_package_and_what_terraform_reads(
    tmp_path: Path,
) -> None:
    usual = package.package_functions(["slide_generation", "stitching"], tmp_path)
    other = package.package_functions(
        ["slide_generation", "stitching"], tmp_path, "google-generativeai"
    )
    assert usual["stitching"] == other["stitching"]
    locks = []
    for zipped in (usual["slide_generation"], other["slide_generation"]):
        with zipfile.ZipFile(zipped) as archive:
            locks.append(archive.read("requirements.txt").decode())
            assert [name for name in archive.namelist() if "requirements" in name] == [
                "requirements.txt"
            ]
    assert "\ngoogle-genai==" in locks[0]
    assert "google-generativeai" not in locks[0]
    assert "\ngoogle-generativeai==" in locks[1]
    assert "google-genai==" not in locks[1]
    told = json.loads(package.render_tfvars({}, "google-generativeai"))
    assert told["gemini_client"] == "google-generativeai"
    assert json.loads(package.render_tfvars({}))["gemini_client"] == "google-genai"


def test_what_a_function_cannot_import_does_not_redeploy_it(tmp_path: Path, tree: Path) -> None:
    users = {
        row.name
        for row in BUILT
        if Path("shared/http/routing.py") in imports.find_modules(row.name)
    }
    # The console hands out files and has no routes.
    assert users == {row.name for row in BUILT if row.kind is FunctionKind.HTTPS} - {"console"}
    assert changed_by(tree, tmp_path, "shared/http/routing.py") == users


def test_what_every_function_imports_redeploys_all(tmp_path: Path, tree: Path) -> None:
    assert changed_by(tree, tmp_path, "shared/errors.py") == {row.name for row in BUILT}


def test_a_readme_redeploys_nothing(tmp_path: Path, tree: Path) -> None:
    assert changed_by(tree, tmp_path, f"functions/{BUILT[0].name}/README.md") == set()


def test_files_that_are_read_at_run_time_go_along_and_leftovers_do_not(
    tmp_path: Path, tree: Path
) -> None:
    row = BUILT[0]
    for name in ("look.css", "deep/font.bin", "node_modules/x/y.js", ".cache/z", "notes.md"):
        path = tree / "functions" / row.name / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    (tree / "shared" / "flows" / "words.txt").write_text("x")
    (tree / "shared" / "http" / "page.html").write_text("x")
    told = set(package.collect_files(row.name))
    assert {f"functions/{row.name}/look.css", f"functions/{row.name}/deep/font.bin"} <= told
    assert "shared/flows/words.txt" in told
    assert not [one for one in told if "node_modules" in one or ".cache" in one or "notes" in one]
    # It lies beside modules that this function cannot import.
    assert "shared/http/page.html" not in told


@contextmanager
def started(function: Function, folder: Path) -> Iterator[str]:
    """A staged function in an environment of its own requirements, as Google starts it; its URL."""
    [zipped] = package.package_functions([function.name], folder / "zips").values()
    staged = folder / "staged"
    with zipfile.ZipFile(zipped) as archive:
        archive.extractall(staged)
    home = prepare_environment(requirements_file(function.name), function.name, lambda _: None)
    place = SuiteLayout(find_free_base())
    key = folder / SIGNER_KEY_FILE
    write_key_file(key, PROJECT)
    port = place.port(function.name)
    env = clean_env(emulator_env(place) | {"MOODREEL_SIGNER_KEY": str(key)})
    env["XDG_RUNTIME_DIR"] = str(folder)
    process = subprocess.Popen(
        [
            str(home / "bin" / "python"), "-m", "functions_framework", "--source", "main.py",
            "--target", "main", "--host", HOST, "--port", str(port),
            "--signature-type", "cloudevent" if function.is_event_driven else "http",
        ],
        cwd=staged, env=env, start_new_session=True,
        stdout=(folder / "log").open("w"), stderr=subprocess.STDOUT,
    )  # fmt: skip
    url = f"http://{HOST}:{port}"
    try:
        limit = time.monotonic() + 120
        while not is_reachable(f"{url}/robots.txt"):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < limit, "it does not start"
            time.sleep(0.1)
        yield url
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.parametrize(
    "function",
    [
        pytest.param(
            row, id=row.name, marks=[] if row.name in FIRST_OF_EACH_KIND else pytest.mark.sweep
        )
        for row in BUILT
    ],
)
def test_a_package_starts_from_its_own_requirements_and_answers(
    function: Function, tmp_path: Path
) -> None:
    with started(function, tmp_path) as url:
        if function.kind is FunctionKind.HTTPS:
            answer = request("GET", f"{url}/healthz")
            # One that serves pages alone has no such path, and says so.
            assert answer.status in (200, 404), answer.body
        elif not isinstance(function.trigger, ScheduleTrigger):
            # What is no message of ours is put into the log and taken: its handler was reached.
            message = {"data": base64.b64encode(b"strange").decode(), "messageId": "1"}
            push = {"subscription": "projects/p/subscriptions/s", "message": message}
            answer = request("POST", f"{url}/projects/p/topics/{function.topic}", push)
            assert answer.status < 300, (tmp_path / "log").read_text()
            assert "message.unreadable" in (tmp_path / "log").read_text()
