"""What processes make a suite: the support services, and one a built row of the table."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from infra.local.setup.installs import clean_env
from infra.local.setup.models import models_env
from infra.local.setup.tools import Tools, slide_model_client
from infra.local.suite.layout import HOST, PROJECT, ROOT, Place
from shared.pipeline import RECIPES, STAGES, Bucket, GeminiBackend, Kind, Stage
from shared.runtime.settings import SLIDE_MODEL_CLIENTS

SIGNER_KEY = "signer.json"
TRACES = "traces"
"""Folder of the functions' spans, for `trace`."""
CRASHES = "crashes"
"""Folder of files that order a function to end itself at a named point, once."""


CAMERAS_MOST = 16
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


def rows_to_start(recipe: str | None = None) -> list[Stage]:
    """The built rows that have code; with a recipe, its stages, the support and the API."""
    rows = [row for row in STAGES.values() if row.built and _source(row).is_file()]
    if recipe is None:
        return rows
    chain = RECIPES[recipe].stages
    return [
        row
        for row in rows
        if row.name in chain
        # No job waits for the recorder.
        or (row.kind is Kind.SUPPORT and row.name != "recorder")
        or row.name == "api"
    ]


def bucket_name(role: Bucket) -> str:
    """The real name of a bucket on this machine."""
    return f"{PROJECT}-{role}"


def emulator_env(place: Place) -> dict[str, str]:
    """What points Google's client libraries, and `Settings.from_env`, to this suite."""
    console = place.port("console")
    origins = (f"http://{HOST}:{console}", f"http://localhost:{console}")
    return {
        "MOODREEL_LOCAL": "1",
        "MOODREEL_PROJECT": PROJECT,
        "MOODREEL_PUBLIC_URL": place.url("api"),
        "MOODREEL_MEDIA_URL": place.url("downloads"),
        "MOODREEL_CONSOLE_URL": place.url("console"),
        "MOODREEL_SIGNER_KEY": str(place.folder / SIGNER_KEY),
        "MOODREEL_PRIVATE_WEBHOOKS": "1",
        "MOODREEL_CAMERA_NETWORKS": "127.0.0.0/8,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,::1/128",
        "MOODREEL_CAMERA_DEVICES": os.environ.get("MOODREEL_CAMERA_DEVICES", "1"),
        "MOODREEL_CRASH_DIR": str(place.folder / CRASHES),
        "MOODREEL_TRACES": str(place.folder / TRACES),
        "MOODREEL_ORIGINS": os.environ.get("MOODREEL_ORIGINS", ",".join(origins)),
        **{f"MOODREEL_BUCKET_{role.upper()}": bucket_name(role) for role in Bucket},
        "FIRESTORE_EMULATOR_HOST": f"{HOST}:{place.port('firestore')}",
        "PUBSUB_EMULATOR_HOST": f"{HOST}:{place.port('pubsub')}",
        "FIREBASE_AUTH_EMULATOR_HOST": f"{HOST}:{place.port('auth')}",
        "STORAGE_EMULATOR_HOST": place.url("gcs"),
        "GOOGLE_CLOUD_PROJECT": PROJECT,
        "NO_PROXY": f"{HOST},localhost",
        "no_proxy": f"{HOST},localhost",
    }


def all_services(place: Place, tools: Tools, rows: list[Stage]) -> list[Service]:
    """Every process of the suite, the slowest starters first."""
    return [
        *_google_emulators(place, tools),
        _auth(place, tools),
        *_stand_ins(place, tools),
        *(_function(place, tools, row) for row in rows),
    ]


def _google_emulators(place: Place, tools: Tools) -> list[Service]:
    rules = ROOT / "infra" / "firestore.rules"
    kept = firestore_export(place)
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


def _auth(place: Place, tools: Tools) -> Service:
    script = Path(__file__).parents[1] / "emulators" / "auth" / "emulator.js"
    return Service(
        "auth",
        (str(tools.node), str(script), PROJECT, str(place.port("auth"))),
        place.port("auth"),
        place.url("auth"),
        clean_env({"NODE_PATH": str(tools.node_modules)}),
        keeps_state=True,
    )


def _stand_ins(place: Place, tools: Tools) -> list[Service]:
    env = clean_env({"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"})
    gcs = (
        str(tools.stand_ins), "-m", "infra.local.emulators.gcs",
        "--port", str(place.port("gcs")),
        "--data", str(place.folder / "gcs"),
        "--project", PROJECT,
        "--pubsub", place.url("pubsub"),
        "--signer-key", str(place.folder / SIGNER_KEY),
    )  # fmt: skip
    mail = (
        str(tools.stand_ins), "-m", "infra.local.emulators.mail.server",
        "--smtp-port", str(place.port("smtp")),
        "--http-port", str(place.port("mails")),
        "--data", str(place.folder / "mails"),
    )  # fmt: skip
    voice = (
        str(tools.stand_ins), "-m", "infra.local.emulators.tts", "--port", str(place.port("voice")),
    )  # fmt: skip
    push = (
        str(tools.stand_ins),
        "-m",
        "infra.local.emulators.push.server",
        "--base",
        str(place.base),
    )
    writer = (
        str(tools.stand_ins), "-m", "infra.local.emulators.gemini", "--port",
        str(place.port("writer")), "--project", PROJECT,
    )  # fmt: skip
    return [
        Service("gcs", gcs, place.port("gcs"), place.url("gcs") + "/_health", env),
        Service("smtp", mail, place.port("smtp"), "smtp", env),
        Service("voice", voice, place.port("voice"), place.url("voice") + "/_health", env),
        Service("writer", writer, place.port("writer"), place.url("writer") + "/_health", env),
        Service("push", push, place.port("push"), place.url("push") + "/_health", env),
    ]


def _function(place: Place, tools: Tools, row: Stage) -> Service:
    port = place.port(row.name)
    argv = (
        str(tools.functions[row.name]), "-m", "functions_framework",
        "--source", str(_source(row)),
        "--target", "main",
        "--signature-type", "cloudevent" if row.event_driven else "http",
        "--host", HOST,
        "--port", str(port),
    )  # fmt: skip
    env = emulator_env(place) | {
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "MOODREEL_ACCOUNT": row.service_account,
        # The recorder holds a camera with each request: here one process holds them all.
        "THREADS": str(CAMERAS_MOST if row.name == "recorder" else row.concurrency),
        # The Pub/Sub emulator pushes two messages at a time to a subscription; a row that takes
        # one request at a time has two instances then, as Cloud Run would start a second one.
        "WORKERS": "2" if row.kind is Kind.MEDIA and row.concurrency == 1 else "1",
        # gunicorn opens a control socket there; with one folder for all they would collide.
        "XDG_RUNTIME_DIR": str(place.folder / "run" / row.name),
        **(models_env() if row.name == "emotion_scoring" else {}),
        **(_limits() if row.name == "api" else {}),
        **(_patience() if row.name == "recorder" else {}),
        **_secrets(place, row),
        **(_voice(place) if row.name == "text_to_speech" else {}),
        **(gemini_env(place) if row.name == "slide_generation" else {}),
        **({"MOODREEL_CONSOLE_FILES": str(tools.console)} if row.name == "console" else {}),
    }
    # The framework refuses /robots.txt itself: a probe that wakes no handler.
    return Service(row.name, argv, port, f"http://{HOST}:{port}/robots.txt", clean_env(env))


def _limits() -> dict[str, str]:
    """On one's own machine the limits are out of the way, unless whoever starts it sets some."""
    wide = {
        "JOBS_PER_MINUTE": "100000", "JOBS_AT_ONCE": "100000", "STORAGE_MB": "1000000",
        "REWORKS_PER_MINUTE": "100000", "CHANGES_PER_MINUTE": "100000",
        "IMAGE_MB": "40", "AUDIO_MB": "500", "SIGN_INS": "100000",
        "SIGN_INS_OF_CLIENT": "100000", "REGISTRATIONS_OF_CLIENT": "100000",
    }  # fmt: skip
    return {
        f"MOODREEL_{name}": os.environ.get(f"MOODREEL_{name}", one) for name, one in wide.items()
    }


def _patience() -> dict[str, str]:
    """How long the recorder waits for what, where whoever starts the suite says something of it."""
    names = ("RECORDER_SHIFT_S", "RECORDING_SEGMENT_S", "SOURCE_PATIENCE_S", "SOURCE_STALL_S")
    return {
        f"MOODREEL_{name}": os.environ[f"MOODREEL_{name}"]
        for name in names
        if f"MOODREEL_{name}" in os.environ
    }


def _secrets(place: Place, row: Stage) -> dict[str, str]:
    """A function gets the secrets of its own row and no other."""
    known = {
        "SMTP_URL": f"smtp://{HOST}:{place.port('smtp')}",
        # Signs what happens on this machine, and nothing else.
        "RECEIPT_KEY": "bG9jYWwtb25seS1rZXktb2YtMzItYnl0ZXMtYXQtbWU=",
    }
    return {
        name: os.environ.get(name) or known[name]
        for name in row.secrets
        if name in known or os.environ.get(name)
    }


def _voice(place: Place) -> dict[str, str]:
    """The stand-in, unless whoever starts the suite brings credentials for the real service."""
    credentials = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS")
    if credentials:
        return {"GOOGLE_APPLICATION_CREDENTIALS": credentials}
    return {"MOODREEL_TTS_ENDPOINT": place.url("voice")}


def gemini_env(place: Place) -> dict[str, str]:
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
    endpoint = {"MOODREEL_GEMINI_ENDPOINT": place.url("writer")}
    deprecated = slide_model_client() != SLIDE_MODEL_CLIENTS[0]
    usual = GeminiBackend.DEVELOPER_API if deprecated else GeminiBackend.VERTEX_AI
    chosen = os.environ.get(backend) or usual
    if chosen == GeminiBackend.DEVELOPER_API:
        return {**endpoint, backend: chosen, "GEMINI_API_KEY": "local"}
    metadata = f"{HOST}:{place.port('writer')}"
    return {
        **endpoint,
        backend: chosen,
        "GCE_METADATA_HOST": metadata,
        "GCE_METADATA_IP": metadata,
        # Somebody's own credentials of gcloud would come before the metadata server.
        "CLOUDSDK_CONFIG": str(place.folder / "run" / "gcloud"),
    }


def _source(row: Stage) -> Path:
    return ROOT / "functions" / row.name / "main.py"


def firestore_export(place: Place) -> Path | None:
    """The metadata file of what Firestore held when the suite last ended, if anything."""
    found = sorted((place.folder / "firestore").glob("*/*.overall_export_metadata"))
    return found[-1] if found else None
