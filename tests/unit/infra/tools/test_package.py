"""Packages: deterministic zips, redeployment of affected functions only, and a start of each."""

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

from infra.local.client.http import is_reachable, request
from infra.local.emulators.gcs.xml_api.signer import write_key_file
from infra.local.setup.installs import clean_env, prepare_environment
from infra.local.setup.tools import requirements_file
from infra.local.suite.layout import HOST, PROJECT, ROOT, SuiteLayout
from infra.local.suite.ports import find_free_base
from infra.local.suite.services import SIGNER_KEY_FILE, emulator_env
from infra.tools import imports, package
from infra.tools.package import Choices
from shared.pipeline import FUNCTIONS, Function, FunctionKind, ScheduleTrigger

pytestmark = pytest.mark.slow

ROWS = list(FUNCTIONS.values())
FIRST_OF_EACH_KIND = {
    next(row.name for row in ROWS if row.kind is kind)
    for kind in (FunctionKind.PIPELINE, FunctionKind.HTTPS)
}


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the deployed source, written in another order and at another time."""
    copy = tmp_path / "tree"
    for folder in ("functions", "shared"):
        for path in sorted((ROOT / folder).rglob("*"), reverse=True):
            if path.is_file() and "__pycache__" not in path.parts:
                target = copy / path.relative_to(ROOT)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
                target.chmod(0o600)
    monkeypatch.setattr(imports, "ROOT", copy)
    monkeypatch.setattr(package, "ROOT", copy)
    imports.clear_caches()
    yield copy
    imports.clear_caches()


def package_all(out: Path) -> dict[str, Path]:
    return package.package_functions([row.name for row in ROWS], out)


def test_same_source_gives_the_same_bytes(tmp_path: Path, tree: Path) -> None:
    copied = package_all(tmp_path / "copied")
    with pytest.MonkeyPatch.context() as patch:
        for module in (imports, package):
            patch.setattr(module, "ROOT", ROOT)
        imports.clear_caches()
        original = package_all(tmp_path / "original")
    assert {name: path.name for name, path in original.items()} == {
        name: path.name for name, path in copied.items()
    }
    for name, path in original.items():
        assert path.read_bytes() == copied[name].read_bytes(), name


def hash_packages() -> dict[str, str]:
    """Returns the hashes that name the zips, which take longer to write."""
    return {row.name: package.hash_files(package.collect_files(row.name)) for row in ROWS}


def changed_by(tree: Path, file: str, text: str = "\n# changed\n") -> set[str]:
    before = hash_packages()
    path = tree / file
    path.write_text((path.read_text() if path.exists() else "") + text)
    imports.clear_caches()
    after = hash_packages()
    return {name for name in after if after[name] != before[name]}


def test_change_in_a_function_redeploys_only_that_function(tree: Path) -> None:
    for name in FIRST_OF_EACH_KIND:
        assert changed_by(tree, f"functions/{name}/main.py") == {name}


def test_change_of_requirements_redeploys(tree: Path) -> None:
    row = ROWS[0]
    lock = f"functions/{row.name}/requirements.txt"
    assert changed_by(tree, lock) == {row.name}


def test_client_library_for_gemini_changes_one_package_and_tfvars(
    tmp_path: Path,
) -> None:
    default = package.package_functions(["slide_generation", "stitching"], tmp_path)
    alternative = package.package_functions(
        ["slide_generation", "stitching"], tmp_path, Choices("google-generativeai")
    )
    assert default["stitching"] == alternative["stitching"]
    locks = []
    for zipped in (default["slide_generation"], alternative["slide_generation"]):
        with zipfile.ZipFile(zipped) as archive:
            locks.append(archive.read("requirements.txt").decode())
            assert [name for name in archive.namelist() if "requirements" in name] == [
                "requirements.txt"
            ]
    assert "\ngoogle-genai==" in locks[0]
    assert "google-generativeai" not in locks[0]
    assert "\ngoogle-generativeai==" in locks[1]
    assert "google-genai==" not in locks[1]
    tfvars = json.loads(package.render_tfvars({}, Choices("google-generativeai")))
    assert tfvars["gemini_client"] == "google-generativeai"
    assert json.loads(package.render_tfvars({}))["gemini_client"] == "google-genai"


def test_gemini_illustrator_is_in_every_package_of_slide_generation() -> None:
    """It is off by default: the setting alone turns it on."""
    assert "shared/adapters/gemini/illustrator.py" in package.collect_files("slide_generation")
    assert json.loads(package.render_tfvars({}))["illustrator"] == ""
    tfvars = json.loads(package.render_tfvars({}, Choices(illustrator="gemini")))
    assert tfvars["illustrator"] == "gemini"


def test_illustrator_of_the_operator_is_packaged_with_its_imports(
    tmp_path: Path, tree: Path
) -> None:
    """Its module is imported by the name in a setting, which no code has."""
    own = tree / "functions" / "slide_generation" / "own"
    own.mkdir()
    (own / "__init__.py").write_text("")
    (own / "style.py").write_text("FACTOR = 2\n")
    (own / "painter.py").write_text(
        "from functions.slide_generation.own import style\nfrom shared.media import geometry\n"
    )
    files = {
        f"functions/slide_generation/own/{name}.py" for name in ("__init__", "style", "painter")
    }
    choices = Choices(illustrator="functions.slide_generation.own.painter:create")
    choices.check()
    assert not files & set(package.collect_files("slide_generation"))
    assert files <= set(package.collect_files("slide_generation", choices))
    assert package.collect_files("stitching", choices) == package.collect_files("stitching")
    assert json.loads(package.render_tfvars({}, choices))["illustrator"] == choices.illustrator


@pytest.mark.parametrize(
    ("choices", "reason"),
    [
        (Choices("google-generativeai", "gemini"), "needs google-genai"),
        (Choices(illustrator="functions.slide_generation.nothing:x"), "There is no module"),
        (Choices(illustrator="os:system"), "There is no module"),
        (Choices(illustrator="openai"), "module:factory"),
    ],
    ids=["library", "module", "foreign", "form"],
)
def test_package_that_would_not_work_is_refused(choices: Choices, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        choices.check()


def test_modules_that_a_function_cannot_import_do_not_redeploy_it(tree: Path) -> None:
    users = {
        row.name for row in ROWS if Path("shared/http/routing.py") in imports.find_modules(row.name)
    }
    # The console serves files and has no routes.
    assert users == {row.name for row in ROWS if row.kind is FunctionKind.HTTPS} - {"console"}
    assert changed_by(tree, "shared/http/routing.py") == users


def test_module_that_every_function_imports_redeploys_all(tree: Path) -> None:
    assert changed_by(tree, "shared/errors.py") == {row.name for row in ROWS}


def test_readme_redeploys_nothing(tree: Path) -> None:
    assert changed_by(tree, f"functions/{ROWS[0].name}/README.md") == set()


def test_package_has_data_files_but_no_caches_or_documentation(tmp_path: Path, tree: Path) -> None:
    row = ROWS[0]
    for name in ("look.css", "deep/font.bin", "node_modules/x/y.js", ".cache/z", "notes.md"):
        path = tree / "functions" / row.name / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    (tree / "shared" / "flows" / "words.txt").write_text("x")
    (tree / "shared" / "http" / "page.html").write_text("x")
    files = set(package.collect_files(row.name))
    assert {f"functions/{row.name}/look.css", f"functions/{row.name}/deep/font.bin"} <= files
    assert "shared/flows/words.txt" in files
    for excluded in ("node_modules", ".cache", "notes"):
        assert not [name for name in files if excluded in name]
    # Its package has no module that this function can import.
    assert "shared/http/page.html" not in files


@contextmanager
def run_package(function: Function, folder: Path) -> Iterator[str]:
    """Runs a packaged function in an environment of its requirements, as Google does. Yields its
    URL."""
    [zipped] = package.package_functions([function.name], folder / "zips").values()
    staged = folder / "staged"
    with zipfile.ZipFile(zipped) as archive:
        archive.extractall(staged)
    environment = prepare_environment(
        requirements_file(function.name), function.name, lambda _: None
    )
    layout = SuiteLayout(find_free_base())
    key = folder / SIGNER_KEY_FILE
    write_key_file(key, PROJECT)
    port = layout.port(function.name)
    env = clean_env(emulator_env(layout) | {"MOODREEL_SIGNER_KEY": str(key)})
    env["XDG_RUNTIME_DIR"] = str(folder)
    process = subprocess.Popen(
        [
            str(environment / "bin" / "python"), "-m", "functions_framework", "--source", "main.py",
            "--target", "main", "--host", HOST, "--port", str(port),
            "--signature-type", "cloudevent" if function.is_event_driven else "http",
        ],
        cwd=staged, env=env, start_new_session=True,
        stdout=(folder / "log").open("w"), stderr=subprocess.STDOUT,
    )  # fmt: skip
    url = f"http://{HOST}:{port}"
    try:
        deadline = time.monotonic() + 120
        while not is_reachable(f"{url}/robots.txt"):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, "the function does not start"
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
        for row in ROWS
    ],
)
def test_package_starts_with_its_requirements_and_responds(
    function: Function, tmp_path: Path
) -> None:
    with run_package(function, tmp_path) as url:
        if function.kind is FunctionKind.HTTPS:
            response = request("GET", f"{url}/healthz")
            # The console serves pages only and returns 404 for this path.
            assert response.status in (200, 404), response.body
        elif not isinstance(function.trigger, ScheduleTrigger):
            # An unreadable message is logged and acknowledged: the handler was reached.
            message = {"data": base64.b64encode(b"strange").decode(), "messageId": "1"}
            push = {"subscription": "projects/p/subscriptions/s", "message": message}
            response = request("POST", f"{url}/projects/p/topics/{function.topic}", push)
            assert response.status < 300, (tmp_path / "log").read_text()
            assert "message.unreadable" in (tmp_path / "log").read_text()


def test_package_contains_the_work_of_its_sandbox() -> None:
    """The function names these modules by strings, so that it does not import them."""
    files = {name: set(imports.find_modules(name)) for name in (row.name for row in ROWS)}
    assert Path("functions/upload_trigger/probes/picture.py") in files["upload_trigger"]
    assert Path("functions/recorder/clip/mux.py") in files["recorder"]
    assert Path("shared/media/images/decode.py") in files["emotion_scoring"]
    assert Path("shared/media/audio/pcm.py") in files["stitching"]
