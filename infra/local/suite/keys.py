"""The key pairs of a suite that encrypt fields of documents, created with its first start."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from infra.local.setup.installs import clean_env
from infra.local.setup.tools import Tools
from infra.local.suite.layout import ROOT, SetupError, SuiteLayout

KEYS_FILE = "keys.json"
_PUBLIC_KEYS = {
    "CAMERA_KEYS": "MOODREEL_CAMERA_PUBLIC_KEY",
    "WEBHOOK_KEYS": "MOODREEL_WEBHOOK_PUBLIC_KEY",
    "FETCH_KEYS": "MOODREEL_FETCH_PUBLIC_KEY",
    "DELIVERY_KEYS": "MOODREEL_DELIVERY_PUBLIC_KEY",
}
"""The variables of public keys, by those of the private ones."""


def create_keys(layout: SuiteLayout, tools: Tools) -> None:
    """Creates the keys that are missing. The file has mode 0600. Raises SetupError."""
    path, keys = layout.folder / KEYS_FILE, _read(layout)
    missing = {private: _PUBLIC_KEYS[private] for private in _PUBLIC_KEYS.keys() - keys.keys()}
    if not missing:
        return
    for private, public in missing.items():
        keys[private] = _run_keys(tools.emulator_python, "new")
        keys[public] = _run_keys(tools.emulator_python, "public", keys[private])
    temporary_file = path.with_name(f".{path.name}")
    descriptor = os.open(temporary_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(keys, file)
    temporary_file.replace(path)


def read_private_keys(layout: SuiteLayout) -> dict[str, str]:
    """Returns the variables of the private keys; none before the first start."""
    return {name: value for name, value in _read(layout).items() if name in _PUBLIC_KEYS}


def read_public_keys(layout: SuiteLayout) -> dict[str, str]:
    """Returns the variables of the public keys; none before the first start."""
    return {name: value for name, value in _read(layout).items() if name not in _PUBLIC_KEYS}


def _read(layout: SuiteLayout) -> dict[str, str]:
    try:
        keys: dict[str, str] = json.loads((layout.folder / KEYS_FILE).read_text())
    except FileNotFoundError:
        return {}
    return keys


def _run_keys(python: Path, command: str, text: str = "") -> str:
    completed = subprocess.run(
        [str(python), "-m", "infra.operations.keys", command],
        env=clean_env({"PYTHONPATH": str(ROOT)}),
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    if completed.returncode:
        raise SetupError(f"The keys of the suite cannot be created:\n{completed.stderr.strip()}")
    return completed.stdout.strip()
