"""The libraries that a function loads before it listens. Each one adds to its cold start."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import BaseModel

from infra.local.setup.installs import clean_env, environment_folder, is_installed
from infra.local.setup.tools import requirements_file
from infra.local.suite.layout import ROOT
from infra.tools.imports import find_work_modules
from shared.http.schemas import ResponseModel
from shared.pipeline import FUNCTIONS
from tests.benchmarks.cold_start import deferred_modules

pytestmark = pytest.mark.slow

HEAVY = (
    "PIL", "av", "cryptography", "cv2", "firebase_admin", "google.api_core", "google.auth",
    "google.cloud.firestore", "google.cloud.pubsub_v1", "google.cloud.storage",
    "google.cloud.speech_v2", "google.cloud.texttospeech", "google.genai", "google.generativeai",
    "grpc", "jwt", "numpy", "opentelemetry", "pi_heif", "pydantic", "requests", "smtplib",
)  # fmt: skip
"""Libraries that take more than a few milliseconds to import."""
LOADED: dict[str, set[str]] = {
    # Pydantic: schemas of routes. Pillow: drawing. PyJWT, cryptography: signatures of receipts.
    "api": {"pydantic"},
    "downloads": {"pydantic"},
    "personal_data": {"cryptography", "jwt"},
    "slide_generation": {"PIL"},
}
"""The libraries that a function may load at its start; none if it is not listed."""
_IMPORT = """
import importlib, json, sys
importlib.import_module(sys.argv[1])
print(json.dumps(sorted(set(json.loads(sys.argv[2])) & set(sys.modules))))
for module in json.loads(sys.argv[3]):
    importlib.import_module(module)
"""
_CONNECT = """
import json
from shared.entrypoints import bootstrap
from shared.runtime.settings import Settings
from shared.pipeline import Bucket
import sys

CLIENTS = {"google.cloud.firestore", "google.cloud.pubsub_v1", "google.cloud.storage"}
services = bootstrap.services()
services.clock.now(), services.new_token(), services.crash_dir, services.clock_and_ids
seen = [sorted(CLIENTS & set(sys.modules))]
assert services.store is services.store
seen.append(sorted(CLIENTS & set(sys.modules)))
assert services.publisher is services.publisher
seen.append(sorted(CLIENTS & set(sys.modules)))
print(json.dumps(seen))
"""


def _interpreter(function: str) -> str:
    """Returns the interpreter of the function's environment, or of the development environment if
    that is not installed."""
    folder = environment_folder(requirements_file(function))
    return str(folder / "bin" / "python") if is_installed(folder) else sys.executable


def _run(python: str, code: str, *arguments: str, env: dict[str, str] | None = None) -> str:
    process = subprocess.run(
        [python, "-c", code, *arguments],
        env=clean_env({"PYTHONPATH": str(ROOT), **(env or {})}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return process.stdout


@pytest.mark.parametrize("function", FUNCTIONS)
def test_function_starts_with_its_declared_libraries_only(function: str) -> None:
    """Also imports the deferred modules and those of the sandbox processes: a missing library would
    fail the first request only."""
    loaded = _run(
        _interpreter(function),
        _IMPORT,
        f"functions.{function}.main",
        json.dumps(HEAVY),
        json.dumps([*deferred_modules(function), *find_work_modules(function)]),
    )
    assert set(json.loads(loaded)) == LOADED.get(function, set())


def test_client_is_imported_on_first_use(tmp_path: Path) -> None:
    env = {
        "MOODREEL_LOCAL": "1",
        "MOODREEL_PROJECT": "p",
        "MOODREEL_PUBLIC_URL": "http://127.0.0.1:1",
        "MOODREEL_SIGNER_KEY": str(tmp_path / "unused.json"),
        **{f"MOODREEL_BUCKET_{role}": "b" for role in ("UPLOADS", "WORK", "OUTPUTS", "MODELS")},
        "FIRESTORE_EMULATOR_HOST": "127.0.0.1:1",
        "PUBSUB_EMULATOR_HOST": "127.0.0.1:1",
        "FIREBASE_AUTH_EMULATOR_HOST": "127.0.0.1:1",
        "STORAGE_EMULATOR_HOST": "http://127.0.0.1:1",
    }
    before, with_store, with_publisher = json.loads(
        _run(_interpreter("sweeper"), _CONNECT, env=env)
    )
    assert before == []
    assert with_store == ["google.cloud.firestore"]
    assert with_publisher == ["google.cloud.firestore", "google.cloud.pubsub_v1"]


def test_deferred_model_is_built_once_for_concurrent_threads() -> None:
    class Inner(ResponseModel):
        number: int

    class Outer(ResponseModel):
        inner: tuple[Inner, ...]

    def validate(number: int) -> BaseModel:
        return Outer.model_validate({"inner": [{"number": number}]})

    assert not Outer.__pydantic_complete__
    with ThreadPoolExecutor(16) as pool:
        models = list(pool.map(validate, range(64)))
    assert [model.model_dump() for model in models] == [
        {"inner": ({"number": n},)} for n in range(64)
    ]
