"""Finds Java, Node and the emulators' jars, or says how to get them. Nothing is installed here."""

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
    """A program that was found, with its major version."""

    path: Path
    major: int


def find_java(min_version: int = MIN_JAVA) -> Tool | None:
    """Java from JAVA_HOME or PATH, when it is new enough."""
    home = os.environ.get("JAVA_HOME")
    candidates = [Path(home) / "bin" / "java"] if home else []
    candidates += _on_path("java")
    return _first_fit(candidates, ["-version"], r'version "(?:1\.)?(\d+)', min_version)


def find_node() -> Tool | None:
    """Node from PATH with npm beside it, when it is new enough."""
    if shutil.which("npm") is None:
        return None
    return _first_fit(_on_path("node"), ["--version"], r"v(\d+)\.", MIN_NODE)


def list_sdk_folders() -> Iterator[Path]:
    """Where a Google Cloud SDK may be, nearest first; gcloud itself is never run."""
    told = os.environ.get("CLOUDSDK_ROOT")
    if told:
        yield Path(told)
    for gcloud in _on_path("gcloud"):
        yield gcloud.resolve().parents[1]
    for usual in USUAL_SDK_FOLDERS:
        yield Path(usual).expanduser()


def firebase_cache() -> Path:
    """Where firebase-tools keeps the emulators that it downloaded."""
    told = os.environ.get("FIREBASE_EMULATORS_PATH")
    return Path(told) if told else Path("~/.cache/firebase/emulators").expanduser()


def find_firestore_jar() -> Path | None:
    """The Firestore emulator: by variable, from the SDK, from the cache of firebase-tools."""
    return _find_jar(
        "MOODREEL_FIRESTORE_JAR",
        "platform/cloud-firestore-emulator/cloud-firestore-emulator.jar",
        "cloud-firestore-emulator-v*.jar",
    )


def find_pubsub_jar() -> Path | None:
    """The Pub/Sub emulator, sought in the same places."""
    return _find_jar(
        "MOODREEL_PUBSUB_JAR",
        "platform/pubsub-emulator/lib/*-all.jar",
        "pubsub-emulator*/**/*-all.jar",
    )


def required_java(jar: Path) -> int:
    """The Java release that a jar was compiled for: class files carry it (major − 44)."""
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
    """The variable among the two that names a file which is not there, as a sentence, or ""."""
    for variable in ("MOODREEL_FIRESTORE_JAR", "MOODREEL_PUBSUB_JAR"):
        told = os.environ.get(variable)
        if told and not Path(told).is_file():
            return f"{variable} points to {told}, and there is no such file."
    return ""


def jar_install_hint() -> str:
    """What a person can do when the jars are nowhere."""
    return (
        "Install the emulators with `gcloud components install cloud-firestore-emulator "
        "pubsub-emulator` (Debian and Ubuntu with Google's package source: `apt-get install "
        "google-cloud-cli-firestore-emulator google-cloud-cli-pubsub-emulator`), or point "
        "MOODREEL_FIRESTORE_JAR and MOODREEL_PUBSUB_JAR to the two jars."
    )


def _find_jar(variable: str, in_sdk: str, in_cache: str) -> Path | None:
    told = os.environ.get(variable)
    if told:
        return Path(told) if Path(told).is_file() else None
    for folder in list_sdk_folders():
        found = sorted(folder.glob(in_sdk), key=_version) if folder.is_dir() else []
        if found:
            return found[-1]
    cached = sorted(firebase_cache().glob(in_cache), key=_version)
    return cached[-1] if cached else None


def _version(path: Path) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", path.name)]


def _on_path(name: str) -> list[Path]:
    found = shutil.which(name)
    return [Path(found)] if found else []


def _first_fit(candidates: list[Path], ask: list[str], pattern: str, needed: int) -> Tool | None:
    for path in candidates:
        try:
            told = subprocess.run(
                [str(path), *ask], capture_output=True, text=True, timeout=20, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        version = re.search(pattern, told.stdout + told.stderr)
        if version and int(version.group(1)) >= needed:
            return Tool(path, int(version.group(1)))
    return None
