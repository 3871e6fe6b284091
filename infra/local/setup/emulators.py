"""The emulators of Firestore and Pub/Sub, downloaded with firebase-tools if missing."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

from infra.local.setup import prerequisites
from infra.local.setup.installs import Report, clean_env
from infra.local.suite.layout import SetupError

Jars = tuple[Path | None, Path | None]
"""The jars of Firestore and Pub/Sub, None for one that is missing."""


def prepare_jars(node: Path, modules: Path, jars: Jars, report: Report) -> tuple[Path, Path]:
    """Returns the jars, after downloading those that are missing.

    Raises:
        SetupError: A jar could not be downloaded, or is not the one that firebase-tools names.
    """
    firestore, pubsub = jars
    firebase = modules / "firebase-tools" / "lib" / "bin" / "firebase.js"
    for name, jar in (("firestore", firestore), ("pubsub", pubsub)):
        if jar is None:
            report(f"Downloading the {name} emulator with firebase-tools …")
            subprocess.run(
                [str(node), str(firebase), f"setup:emulators:{name}"],
                env=clean_env(),
                capture_output=True,
                timeout=600,
                check=False,
            )
            _check_download(modules, name)
    firestore = firestore or prerequisites.find_firestore_jar()
    pubsub = pubsub or prerequisites.find_pubsub_jar()
    if firestore is None or pubsub is None:
        missing = [n for n, jar in (("Firestore", firestore), ("Pub/Sub", pubsub)) if jar is None]
        raise SetupError(
            f"Could not find or download the {' and '.join(missing)} emulator. "
            + prerequisites.jar_install_hint()
        )
    return firestore, pubsub


def _check_download(modules: Path, name: str) -> None:
    """Removes a downloaded emulator and raises SetupError if its SHA-256 is not the one in the
    package of firebase-tools, which itself compares the MD5."""
    library = modules / "firebase-tools" / "lib" / "emulator"
    info = json.loads((library / "downloadableEmulatorInfo.json").read_text())[name]
    path = prerequisites.firebase_cache() / info["downloadPathRelativeToCacheDir"]
    if not path.is_file():
        return
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != info["expectedChecksumSHA256"]:
        path.unlink()
        # The folder of a zip's files.
        shutil.rmtree(path.with_suffix(""), ignore_errors=True)
        raise SetupError(
            f"The downloaded {name} emulator was changed: its SHA-256 is {found}, not "
            f"{info['expectedChecksumSHA256']}. It was removed. Start again to download it. "
            f"{prerequisites.jar_install_hint()}"
        )
