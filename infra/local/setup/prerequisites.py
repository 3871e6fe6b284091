"""Finds Java, Node and the emulators' jars, or describes how to install them. Installs nothing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FIRESTORE_MAIN_CLASS = "com/google/cloud/datastore/emulator/firestore/CloudFirestore.class"
MIN_NODE = 20
MIN_JAVA = 11
USUAL_SDK_FOLDERS: tuple[str, ...] = (
    "/usr/lib/google-cloud-sdk",
    "~/google-cloud-sdk",
    "/opt/google-cloud-sdk",
    "/snap/google-cloud-cli/current",
    "/snap/google-cloud-sdk/current",
    "/opt/homebrew/share/google-cloud-sdk",
    "/usr/local/share/google-cloud-sdk",
)


@dataclass(frozen=True)
class Tool:
    """The path of a program and its major version."""

    path: Path
    major: int


def find_java(min_version: int = MIN_JAVA) -> Tool | None:
    """Returns Java from JAVA_HOME or PATH, or None when it is missing or too old."""
    home = os.environ.get("JAVA_HOME")
    candidates = [Path(home) / "bin" / "java"] if home else []
    candidates += _on_path("java")
    return _find_version(candidates, ["-version"], r'version "(?:1\.)?(\d+)', min_version)


def find_node() -> Tool | None:
    """Returns Node from PATH, or None when Node or npm is missing or Node is too old."""
    if shutil.which("npm") is None:
        return None
    return _find_version(_on_path("node"), ["--version"], r"v(\d+)\.", MIN_NODE)


def list_sdk_folders() -> Iterator[Path]:
    """Yields the folders of possible Google Cloud SDK installations. gcloud is never run."""
    sdk_root = os.environ.get("CLOUDSDK_ROOT")
    if sdk_root:
        yield Path(sdk_root)
    for gcloud in _on_path("gcloud"):
        yield gcloud.resolve().parents[1]
    for folder in USUAL_SDK_FOLDERS:
        yield Path(folder).expanduser()


def firebase_cache() -> Path:
    """Returns the folder where firebase-tools stores downloaded emulators."""
    folder = os.environ.get("FIREBASE_EMULATORS_PATH")
    return Path(folder) if folder else Path("~/.cache/firebase/emulators").expanduser()


def find_firestore_jar() -> Path | None:
    """Returns the Firestore emulator: from the environment variable, the SDK, or the cache of
    firebase-tools."""
    return _find_jar(
        "MOODREEL_FIRESTORE_JAR",
        "platform/cloud-firestore-emulator/cloud-firestore-emulator.jar",
        "cloud-firestore-emulator-v*.jar",
    )


def find_pubsub_jar() -> Path | None:
    """Returns the Pub/Sub emulator, searched in the same order."""
    return _find_jar(
        "MOODREEL_PUBSUB_JAR",
        "platform/pubsub-emulator/lib/*-all.jar",
        "pubsub-emulator*/**/*-all.jar",
    )


def required_java(jar: Path) -> int:
    """Returns the Java release that a jar needs: the major version of its class files minus 44."""
    try:
        with zipfile.ZipFile(jar) as archive:
            name = FIRESTORE_MAIN_CLASS
            if name not in archive.NameToInfo:
                manifest = archive.read("META-INF/MANIFEST.MF").decode()
                main = re.search(r"^Main-Class: (\S+)", manifest, re.MULTILINE)
                if main is None:
                    return MIN_JAVA
                name = main.group(1).replace(".", "/") + ".class"
            with archive.open(name) as code:
                head = code.read(8)
    except (OSError, KeyError, zipfile.BadZipFile):
        return MIN_JAVA
    return max(MIN_JAVA, int.from_bytes(head[6:8], "big") - 44)


def describe_missing_jar() -> str:
    """Returns a message about a jar variable that points to a missing file, or ""."""
    for variable in ("MOODREEL_FIRESTORE_JAR", "MOODREEL_PUBSUB_JAR"):
        path = os.environ.get(variable)
        if path and not Path(path).is_file():
            return f"{variable} points to {path}, which does not exist."
    return ""


def jar_install_hint() -> str:
    """Returns instructions for installing the jars."""
    return (
        "Install the emulators with `gcloud components install cloud-firestore-emulator "
        "pubsub-emulator` (Debian and Ubuntu with Google's package repository: `apt-get install "
        "google-cloud-cli-firestore-emulator google-cloud-cli-pubsub-emulator`), or set "
        "MOODREEL_FIRESTORE_JAR and MOODREEL_PUBSUB_JAR to the paths of the jars."
    )


def _find_jar(variable: str, in_sdk: str, in_cache: str) -> Path | None:
    path = os.environ.get(variable)
    if path:
        return Path(path) if Path(path).is_file() else None
    for folder in list_sdk_folders():
        jars = sorted(folder.glob(in_sdk), key=_version_key) if folder.is_dir() else []
        if jars:
            return jars[-1]
    jars = sorted(firebase_cache().glob(in_cache), key=_version_key)
    return jars[-1] if jars else None


def _version_key(path: Path) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", path.name)]


def _on_path(name: str) -> list[Path]:
    path = shutil.which(name)
    return [Path(path)] if path else []


def _find_version(
    candidates: list[Path], arguments: list[str], pattern: str, min_version: int
) -> Tool | None:
    for path in candidates:
        try:
            completed = subprocess.run(
                [str(path), *arguments], capture_output=True, text=True, timeout=20, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        version = re.search(pattern, completed.stdout + completed.stderr)
        if version and int(version.group(1)) >= min_version:
            return Tool(path, int(version.group(1)))
    return None
