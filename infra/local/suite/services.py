"""What processes make a suite: the support services, and one a built row of the table."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from infra.local.setup.installs import clean_env
from infra.local.setup.models import models_env
from infra.local.setup.tools import Tools, deck_model_client
from infra.local.suite.layout import HOST, PROJECT, ROOT, SuiteLayout
from shared.pipeline import FUNCTIONS, RECIPES, Bucket, Function, FunctionKind, GeminiBackend
from shared.runtime.settings import DECK_MODEL_CLIENTS

SIGNER_KEY_FILE = "signer.json"
TRACES_FOLDER = "traces"
"""Folder of the functions' spans, for `trace`."""
CRASHES_FOLDER = "crashes"
"""Folder of files that order a function to end itself at a named point, once."""


MAX_CAMERAS = 16
"""Cameras that are held at a time on this machine, handovers and clips in the making included."""


@dataclass(frozen=True)
class Service:
    """One process: how it is started and how it shows that it answers."""

    name: str
    argv: tuple[str, ...]
    port: int
    probe: str
    """A URL that must answer, or "smtp" for a mail server's greeting."""
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    keeps_state: bool = False
    """Its death loses what it knew in memory: the suite ends instead of starting it again."""

    @property
    def address(self) -> str:
        """How people reach it."""
        scheme = "smtp" if self.probe == "smtp" else "http"
        return f"{scheme}://{HOST}:{self.port}"


def select_functions(recipe: str | None = None) -> list[Function]:
    """Returns the functions to start: all, or for one recipe its stages, the support functions and
    the API."""
    rows = list(FUNCTIONS.values())
    if recipe is None:
        return rows
    chain = RECIPES[recipe].stages
    return [
        row
        for row in rows
        if row.name in chain
        # No job waits for the recorder.
        or (row.kind is FunctionKind.SUPPORT and row.name != "recorder")
        or row.name == "api"
    ]


def bucket_name(role: Bucket) -> str:
    """The real name of a bucket on this machine."""
    return f"{PROJECT}-{role}"


def emulator_env(layout: SuiteLayout) -> dict[str, str]:
    """What points Google's client libraries, and `Settings.from_env`, to this suite."""
    console = layout.port("console")
    origins = (f"http://{HOST}:{console}", f"http://localhost:{console}")
    return {
        "MOODREEL_LOCAL": "1",
        "MOODREEL_PROJECT": PROJECT,
        "MOODREEL_PUBLIC_URL": layout.url("api"),
        "MOODREEL_DOWNLOADS_URL": layout.url("downloads"),
        "MOODREEL_CONSOLE_URL": layout.url("console"),
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
    """Every process of the suite, the slowest starters first."""
    return [
        *_google_emulators(layout, tools),
        _auth(layout, tools),
        *_stand_ins(layout, tools),
        *(_function(layout, tools, row) for row in functions),
    ]


def _google_emulators(place: SuiteLayout, tools: Tools) -> list[Service]:
    rules = ROOT / "infra" / "firestore.rules"
    kept = find_firestore_export(place)
    firestore = [
        str(tools.java), "-Duser.language=en", "-Xmx512m", "-XX:TieredStopAtLevel=1",
        "-cp", str(tools.firestore_jar),
        "com.google.cloud.datastore.emulator.firestore.CloudFirestore",
        "--host", HOST, "--port", str(place.port("firestore")),
        *(["--rules", str(rules)] if rules.is_file() else []),
        *(["--import-data", str(kept)] if kept else []),
    ]  # fmt: skip
    pubsub = [
        str(tools.java), "-Xmx256m", "-XX:TieredStopAtLevel=1", "-jar", str(tools.pubsub_jar),
        f"--host={HOST}", f"--port={place.port('pubsub')}",
    ]  # fmt: skip
    return [
        Service(
            name,
            tuple(argv),
            place.port(name),
            place.url(name),
            clean_env(),
            # A new Pub/Sub emulator is wired again, and the sweeper announces what it forgot.
            keeps_state=name == "firestore",
        )
        for name, argv in (("firestore", firestore), ("pubsub", pubsub))
    ]


def _auth(place: SuiteLayout, tools: Tools) -> Service:
    script = Path(__file__).parents[1] / "emulators" / "auth" / "emulator.js"
    return Service(
        "auth",
        (str(tools.node), str(script), PROJECT, str(place.port("auth"))),
        place.port("auth"),
        place.url("auth"),
        clean_env({"NODE_PATH": str(tools.node_modules)}),
        keeps_state=True,
    )


def _stand_ins(place: SuiteLayout, tools: Tools) -> list[Service]:
    env = clean_env({"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"})
    gcs = (
        str(tools.emulator_python), "-m", "infra.local.emulators.gcs",
        "--port", str(place.port("gcs")),
        "--data", str(place.folder / "gcs"),
        "--project", PROJECT,
        "--pubsub", place.url("pubsub"),
        "--signer-key", str(place.folder / SIGNER_KEY_FILE),
    )  # fmt: skip
    mail = (
        str(tools.emulator_python), "-m", "infra.local.emulators.mail.server",
        "--smtp-port", str(place.port("smtp")),
        "--http-port", str(place.port("mails")),
        "--data", str(place.folder / "mails"),
    )  # fmt: skip
    tts = (
        str(tools.emulator_python), "-m", "infra.local.emulators.tts", "--port",
        str(place.port("tts")),
    )  # fmt: skip
    push = (
        str(tools.emulator_python),
        "-m",
        "infra.local.emulators.push.server",
        "--base",
        str(place.base),
    )
    gemini = (
        str(tools.emulator_python), "-m", "infra.local.emulators.gemini", "--port",
        str(place.port("gemini")), "--project", PROJECT,
    )  # fmt: skip
    return [
        Service("gcs", gcs, place.port("gcs"), place.url("gcs") + "/_health", env),
        Service("smtp", mail, place.port("smtp"), "smtp", env),
        Service("tts", tts, place.port("tts"), place.url("tts") + "/_health", env),
        Service("gemini", gemini, place.port("gemini"), place.url("gemini") + "/_health", env),
        Service("push", push, place.port("push"), place.url("push") + "/_health", env),
    ]


def _function(place: SuiteLayout, tools: Tools, function: Function) -> Service:
    port = place.port(function.name)
    argv = (
        str(tools.function_pythons[function.name]), "-m", "functions_framework",
        "--source", str(_source(function)),
        "--target", "main",
        "--signature-type", "cloudevent" if function.is_event_driven else "http",
        "--host", HOST,
        "--port", str(port),
    )  # fmt: skip
    env = emulator_env(place) | {
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "MOODREEL_ACCOUNT": function.service_account,
        # The recorder holds a camera with each request: here one process holds them all.
        "THREADS": str(MAX_CAMERAS if function.name == "recorder" else function.concurrency),
        # The Pub/Sub emulator pushes two messages at a time to a subscription; a row that takes
        # one request at a time has two instances then, as Cloud Run would start a second one.
        "WORKERS": "2"
        if function.kind is FunctionKind.PIPELINE and function.concurrency == 1
        else "1",
        # gunicorn opens a control socket there; with one folder for all they would collide.
        "XDG_RUNTIME_DIR": str(place.folder / "run" / function.name),
        **(models_env() if function.name == "emotion_scoring" else {}),
        **(_limits() if function.name == "api" else {}),
        **(_patience() if function.name == "recorder" else {}),
        **_secrets(place, function),
        **(_voice(place) if function.name == "text_to_speech" else {}),
        **(gemini_env(place) if function.name == "slide_generation" else {}),
        **(
            {"MOODREEL_CONSOLE_FILES": str(tools.console_folder)}
            if function.name == "console"
            else {}
        ),
    }
    # The framework refuses /robots.txt itself: a probe that wakes no handler.
    return Service(function.name, argv, port, f"http://{HOST}:{port}/robots.txt", clean_env(env))


def _limits() -> dict[str, str]:
    """On one's own machine the limits are out of the way, unless whoever starts it sets some."""
    wide = {
        "JOBS_PER_MINUTE": "100000", "MAX_OPEN_JOBS": "100000", "MAX_STORAGE_MB": "1000000",
        "REWORKS_PER_MINUTE": "100000", "CHANGES_PER_MINUTE": "100000",
        "MAX_IMAGE_MB": "40", "MAX_AUDIO_MB": "500", "SIGN_INS_PER_ADDRESS": "100000",
        "SIGN_INS_PER_CLIENT": "100000", "REGISTRATIONS_PER_CLIENT": "100000",
    }  # fmt: skip
    return {
        f"MOODREEL_{name}": os.environ.get(f"MOODREEL_{name}", one) for name, one in wide.items()
    }


def _patience() -> dict[str, str]:
    """How long the recorder waits for what, where whoever starts the suite says something of it."""
    names = ("RECORDER_TASK_S", "MAX_SEGMENT_S", "SOURCE_GIVE_UP_S", "SOURCE_STALL_S")
    return {
        f"MOODREEL_{name}": os.environ[f"MOODREEL_{name}"]
        for name in names
        if f"MOODREEL_{name}" in os.environ
    }


def _secrets(place: SuiteLayout, function: Function) -> dict[str, str]:
    """A function gets the secrets of its own row and no other."""
    known = {
        "SMTP_URL": f"smtp://{HOST}:{place.port('smtp')}",
        # Signs what happens on this machine, and nothing else.
        "RECEIPT_KEY": "bG9jYWwtb25seS1rZXktb2YtMzItYnl0ZXMtYXQtbWU=",
    }
    return {
        name: os.environ.get(name) or known[name]
        for name in function.secrets
        if name in known or os.environ.get(name)
    }


def _voice(place: SuiteLayout) -> dict[str, str]:
    """The stand-in, unless whoever starts the suite brings credentials for the real service."""
    credentials = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS")
    if credentials:
        return {"GOOGLE_APPLICATION_CREDENTIALS": credentials}
    return {"MOODREEL_TTS_ENDPOINT": place.url("tts")}


def gemini_env(layout: SuiteLayout) -> dict[str, str]:
    """Settings of slide_generation for Gemini.

    The real service where GEMINI_API_KEY (Developer API) or MOODREEL_VERTEX_PROJECT (Vertex AI,
    with the credentials of whoever starts the suite) is set; otherwise the emulator, by Vertex AI
    as in the cloud, with a service account's token out of the emulated metadata server.
    """
    backend = "MOODREEL_GEMINI_BACKEND"
    if os.environ.get("GEMINI_API_KEY"):
        return {backend: GeminiBackend.DEVELOPER_API}
    if os.environ.get("MOODREEL_VERTEX_PROJECT"):
        name = "GOOGLE_APPLICATION_CREDENTIALS"
        file = os.environ.get(name)
        return {backend: GeminiBackend.VERTEX_AI, **({name: file} if file else {})}
    endpoint = {"MOODREEL_GEMINI_ENDPOINT": layout.url("gemini")}
    deprecated = deck_model_client() != DECK_MODEL_CLIENTS[0]
    usual = GeminiBackend.DEVELOPER_API if deprecated else GeminiBackend.VERTEX_AI
    chosen = os.environ.get(backend) or usual
    if chosen == GeminiBackend.DEVELOPER_API:
        return {**endpoint, backend: chosen, "GEMINI_API_KEY": "local"}
    metadata = f"{HOST}:{layout.port('gemini')}"
    return {
        **endpoint,
        backend: chosen,
        "GCE_METADATA_HOST": metadata,
        "GCE_METADATA_IP": metadata,
        # Somebody's own credentials of gcloud would come before the metadata server.
        "CLOUDSDK_CONFIG": str(layout.folder / "run" / "gcloud"),
    }


def _source(function: Function) -> Path:
    return ROOT / "functions" / function.name / "main.py"


def find_firestore_export(layout: SuiteLayout) -> Path | None:
    """The metadata file of what Firestore held when the suite last ended, if anything."""
    found = sorted((layout.folder / "firestore").glob("*/*.overall_export_metadata"))
    return found[-1] if found else None
