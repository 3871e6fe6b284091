"""The processes of a suite: the support services and one process per function."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from infra.local.setup.installs import clean_env
from infra.local.setup.recognition import RECOGNITION_MODELS_FOLDER
from infra.local.setup.tools import Tools
from infra.local.setup.voices import VOICES_FOLDER
from infra.local.suite.environment import function_env
from infra.local.suite.layout import HOST, PROJECT, ROOT, SuiteLayout
from shared.pipeline import FUNCTIONS, RECIPES, Bucket, Function, FunctionKind

SIGNER_KEY_FILE = "signer.json"
TRACES_FOLDER = "traces"
"""Folder of the functions' spans, for `trace`."""
CRASHES_FOLDER = "crashes"
"""Folder of files that make a function end itself at a crash point, once."""


@dataclass(frozen=True)
class Service:
    """One process: its command, environment and health check."""

    name: str
    argv: tuple[str, ...]
    port: int
    probe: str
    """A URL that must respond, or "smtp" for the greeting of a mail server."""
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    keeps_state: bool = False
    """Whether the process has state in memory. If it dies, the suite stops instead of restarting
    it."""

    @property
    def address(self) -> str:
        """The URL that is shown to users."""
        scheme = "smtp" if self.probe == "smtp" else "http"
        return f"{scheme}://{HOST}:{self.port}"


def select_functions(
    recipe: str | None = None, optional_stages: Sequence[str] = ()
) -> list[Function]:
    """Returns the functions to start: all, or for one recipe its stages with those of the optional
    ones, the support functions and the API."""
    rows = list(FUNCTIONS.values())
    if recipe is None:
        return rows
    stages = RECIPES[recipe].with_stages(optional_stages).stages
    return [
        row
        for row in rows
        if row.name in stages
        # No job waits for the recorder or for copies of clips.
        or (row.kind is FunctionKind.SUPPORT and row.name not in ("recorder", "clip_copy"))
        or row.name == "api"
    ]


def bucket_name(role: Bucket) -> str:
    """Returns the name of a bucket in the local project."""
    return f"{PROJECT}-{role}"


def emulator_env(layout: SuiteLayout) -> dict[str, str]:
    """Returns the environment that points Google's client libraries and `Settings.from_env` to this
    suite."""
    console = layout.port("console")
    origins = (f"http://{HOST}:{console}", f"http://localhost:{console}")
    return {
        "MOODREEL_LOCAL": "1",
        "MOODREEL_PROJECT": PROJECT,
        "MOODREEL_PUBLIC_URL": layout.url("api"),
        "MOODREEL_DOWNLOADS_URL": layout.url("downloads"),
        "MOODREEL_CONSOLE_URL": layout.url("console"),
        "MOODREEL_INBOX_URL": layout.url("mails"),
        "MOODREEL_SIGNER_KEY": str(layout.folder / SIGNER_KEY_FILE),
        "MOODREEL_ALLOW_PRIVATE_WEBHOOKS": "1",
        "MOODREEL_CAMERA_NETWORKS": "127.0.0.0/8,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,::1/128",
        "MOODREEL_ALLOW_CAMERA_DEVICES": os.environ.get("MOODREEL_ALLOW_CAMERA_DEVICES", "1"),
        "MOODREEL_CRASH_DIR": str(layout.folder / CRASHES_FOLDER),
        "MOODREEL_TRACES": str(layout.folder / TRACES_FOLDER),
        "MOODREEL_ALLOWED_ORIGINS": os.environ.get("MOODREEL_ALLOWED_ORIGINS", ",".join(origins)),
        **{f"MOODREEL_BUCKET_{role.upper()}": bucket_name(role) for role in Bucket},
        "FIRESTORE_EMULATOR_HOST": f"{HOST}:{layout.port('firestore')}",
        "PUBSUB_EMULATOR_HOST": f"{HOST}:{layout.port('pubsub')}",
        "FIREBASE_AUTH_EMULATOR_HOST": f"{HOST}:{layout.port('auth')}",
        "STORAGE_EMULATOR_HOST": layout.url("gcs"),
        "GOOGLE_CLOUD_PROJECT": PROJECT,
        "NO_PROXY": f"{HOST},localhost",
        "no_proxy": f"{HOST},localhost",
    }


def all_services(layout: SuiteLayout, tools: Tools, functions: list[Function]) -> list[Service]:
    """Returns every process of the suite. The slowest to start come first."""
    return [
        *_google_emulators(layout, tools),
        _auth_emulator(layout, tools),
        *_emulators(layout, tools),
        *(_function_service(layout, tools, row) for row in functions),
    ]


def _google_emulators(layout: SuiteLayout, tools: Tools) -> list[Service]:
    rules = ROOT / "infra" / "firestore.rules"
    export_file = find_firestore_export(layout)
    firestore = [
        str(tools.java), "-Duser.language=en", "-Xmx512m", "-XX:TieredStopAtLevel=1",
        "-cp", str(tools.firestore_jar),
        "com.google.cloud.datastore.emulator.firestore.CloudFirestore",
        "--host", HOST, "--port", str(layout.port("firestore")),
        *(["--rules", str(rules)] if rules.is_file() else []),
        *(["--import-data", str(export_file)] if export_file else []),
    ]  # fmt: skip
    pubsub = [
        str(tools.java), "-Xmx256m", "-XX:TieredStopAtLevel=1", "-jar", str(tools.pubsub_jar),
        f"--host={HOST}", f"--port={layout.port('pubsub')}",
    ]  # fmt: skip
    return [
        Service(
            name,
            tuple(argv),
            layout.port(name),
            layout.url(name),
            clean_env(),
            # A restarted Pub/Sub emulator is configured again, and the sweeper announces the units
            # whose messages were lost.
            keeps_state=name == "firestore",
        )
        for name, argv in (("firestore", firestore), ("pubsub", pubsub))
    ]


def _auth_emulator(layout: SuiteLayout, tools: Tools) -> Service:
    script = Path(__file__).parents[1] / "emulators" / "auth" / "emulator.js"
    return Service(
        "auth",
        (str(tools.node), str(script), PROJECT, str(layout.port("auth"))),
        layout.port("auth"),
        layout.url("auth"),
        clean_env({"NODE_PATH": str(tools.node_modules)}),
        keeps_state=True,
    )


def _emulators(layout: SuiteLayout, tools: Tools) -> list[Service]:
    env = clean_env({"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"})
    gcs = (
        str(tools.emulator_python), "-m", "infra.local.emulators.gcs",
        "--port", str(layout.port("gcs")),
        "--data", str(layout.folder / "gcs"),
        "--project", PROJECT,
        "--pubsub", layout.url("pubsub"),
        "--signer-key", str(layout.folder / SIGNER_KEY_FILE),
    )  # fmt: skip
    mail = (
        str(tools.emulator_python), "-m", "infra.local.emulators.mail.server",
        "--smtp-port", str(layout.port("smtp")),
        "--http-port", str(layout.port("mails")),
        "--data", str(layout.folder / "mails"),
    )  # fmt: skip
    tts = (
        str(tools.tts_python or tools.emulator_python), "-m", "infra.local.emulators.tts",
        "--port", str(layout.port("tts")), "--voices", str(VOICES_FOLDER),
    )  # fmt: skip
    stt = (
        str(tools.stt_python or tools.emulator_python), "-m", "infra.local.emulators.stt",
        "--port", str(layout.port("stt")), "--models", str(RECOGNITION_MODELS_FOLDER),
    )  # fmt: skip
    push = (
        str(tools.emulator_python),
        "-m",
        "infra.local.emulators.push.server",
        "--base",
        str(layout.base),
    )
    gemini = (
        str(tools.emulator_python), "-m", "infra.local.emulators.gemini", "--port",
        str(layout.port("gemini")), "--project", PROJECT,
    )  # fmt: skip
    return [
        Service("gcs", gcs, layout.port("gcs"), layout.url("gcs") + "/_health", env),
        Service("smtp", mail, layout.port("smtp"), "smtp", env),
        Service("tts", tts, layout.port("tts"), layout.url("tts") + "/_health", env),
        Service("stt", stt, layout.port("stt"), layout.url("stt") + "/_health", env),
        Service("gemini", gemini, layout.port("gemini"), layout.url("gemini") + "/_health", env),
        Service("push", push, layout.port("push"), layout.url("push") + "/_health", env),
    ]


def _function_service(layout: SuiteLayout, tools: Tools, function: Function) -> Service:
    port = layout.port(function.name)
    argv = (
        str(tools.function_pythons[function.name]), "-m", "functions_framework",
        "--source", str(_source_file(function)),
        "--target", "main",
        "--signature-type", "cloudevent" if function.is_event_driven else "http",
        "--host", HOST,
        "--port", str(port),
    )  # fmt: skip
    env = emulator_env(layout) | function_env(layout, tools, function)
    # The framework itself responds to /robots.txt, so the probe calls no handler.
    return Service(function.name, argv, port, f"http://{HOST}:{port}/robots.txt", clean_env(env))


def _source_file(function: Function) -> Path:
    return ROOT / "functions" / function.name / "main.py"


def find_firestore_export(layout: SuiteLayout) -> Path | None:
    """Returns the metadata file of the last Firestore export, or None."""
    exports = sorted((layout.folder / "firestore").glob("*/*.overall_export_metadata"))
    return exports[-1] if exports else None
