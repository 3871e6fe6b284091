"""A client that openapi-python-client generates from the API's document."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from functions.api.routes import DOCUMENTATION
from infra.local.setup.tools import prepare_python
from shared.pipeline import RECIPES
from tests.fakes.application import SETTINGS

REQUIREMENTS = Path(__file__).with_name("openapi_client.txt")
CONFIG = {
    # The generator knows no sound; it returns the bytes.
    "content_type_overrides": {"audio/wav": "application/octet-stream"},
    # The types of the code are checked, not its form.
    "post_hooks": [],
}
USE = """
from moodreel_api import AuthenticatedClient
from moodreel_api.api.jobs import create_job, get_job
from moodreel_api.models import (
    CreatedJob, EmotionsOptions, FileMetadata, FormatOption, FramesJob, FramesOptions,
    NewFramesJob, NewFramesJobInputs, NewPresentationJob, PresentationOptions, Problem, ThemeOption,
)

client = AuthenticatedClient("https://api.example.org", token="mr_key")
video = FileMetadata(filename="a.mp4", size_bytes=1)
options = FramesOptions(every="1/2", format_=FormatOption.PNG, quality=80)
frames = NewFramesJob(recipe="frames", options=options, inputs=NewFramesJobInputs(video=video))
film = NewPresentationJob(
    recipe="presentation", options=PresentationOptions(theme=ThemeOption.PAPER), prompt="A film."
)

def run() -> str:
    created = create_job.sync(client=client, body=frames)
    if isinstance(created, Problem):
        return created.detail
    assert isinstance(created, CreatedJob)
    job = get_job.sync(created.job.id, client=client)
    if isinstance(job, FramesJob) and job.options.every:
        return job.options.every
    return ""
"""
MISUSE = {
    'FramesOptions(format_="gif")': "arg-type",
    "FramesOptions(slides=3)": "call-arg",
    "PresentationOptions(slides=[1])": "arg-type",
    "EmotionsOptions()": "call-arg",
    'NewFramesJob(recipe="emotions", options=options)': "arg-type",
    'NewFramesJob(recipe="frames", options=PresentationOptions())': "arg-type",
    "create_job.sync(client=client, body=options)": "arg-type",
}
"""Statements that the types reject, with the code of mypy's error."""


@pytest.fixture(scope="module")
def python() -> Path:
    return prepare_python(REQUIREMENTS, "openapi-python-client", print)


@pytest.fixture(scope="module")
def folder(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns a folder with the generated package `moodreel_api`."""
    folder = tmp_path_factory.mktemp("client")
    document, config = folder / "openapi.json", folder / "config.json"
    document.write_text(json.dumps(DOCUMENTATION.build_document(SETTINGS.public_url)))
    config.write_text(json.dumps(CONFIG))
    result = subprocess.run(
        [
            str(python), "-m", "openapi_python_client", "generate", "--path", str(document),
            "--config", str(config), "--meta", "none", "--fail-on-warning",
            "--output-path", str(folder / "moodreel_api"),
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    return folder


def find_type_errors(folder: Path, python: Path, *files: str) -> list[str]:
    # No document changes `client`: its context managers pass on arguments of type `object`.
    settings = "[mypy]\n[mypy-moodreel_api.client]\ndisable_error_code = arg-type\n"
    (folder / "mypy.ini").write_text(settings)
    result = subprocess.run(
        [
            sys.executable, "-m", "mypy", "--config-file", "mypy.ini", "--no-error-summary",
            "--python-executable", str(python), *files,
        ],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert not result.stderr
    return result.stdout.splitlines()


def test_generated_client_is_typed(folder: Path, python: Path) -> None:
    (folder / "use.py").write_text(USE)
    assert find_type_errors(folder, python, "moodreel_api", "use.py") == []

    (folder / "misuse.py").write_text("\n".join(["from use import *", *MISUSE]))
    errors = find_type_errors(folder, python, "misuse.py")
    for number, code in enumerate(MISUSE.values(), start=2):
        found = [row for row in errors if row.startswith(f"misuse.py:{number}: error")]
        assert any(f"[{code}]" in row for row in found), errors


def test_generated_client_has_one_class_of_problems_and_one_of_each_choice(folder: Path) -> None:
    models = {path.stem for path in (folder / "moodreel_api" / "models").glob("*.py")}

    assert {"problem", "format_option", "theme_option"} <= models
    assert not [name for name in models if "_response_" in name]
    for recipe in RECIPES:
        assert {f"new_{recipe}_job", f"{recipe}_job", f"{recipe}_options"} <= models
