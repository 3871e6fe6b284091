"""The environment variables of each function in a local suite."""

from __future__ import annotations

import os

from infra.local.emulators.stt.models import MODEL_SETTING, chosen_model_name
from infra.local.setup.console import VIEWER_FOLDER
from infra.local.setup.models import models_env
from infra.local.setup.tools import Tools, deck_model_client
from infra.local.suite.keys import read_private_keys, read_public_keys
from infra.local.suite.layout import HOST, ROOT, SuiteLayout
from shared.pipeline import Function, FunctionKind, GeminiBackend
from shared.runtime.models.deck_models import DECK_MODEL_CLIENTS

MAX_CAMERAS = 16
"""Maximum number of concurrent camera connections, including handovers and running recordings."""


def function_env(layout: SuiteLayout, tools: Tools, function: Function) -> dict[str, str]:
    """Returns the variables of a function, without those of `emulator_env`."""
    return {
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "MOODREEL_ACCOUNT": function.service_account,
        # Each request of the recorder holds one camera. Locally, one process holds all cameras.
        "THREADS": str(MAX_CAMERAS if function.name == "recorder" else function.concurrency),
        # The Pub/Sub emulator pushes two messages at a time to a subscription. A function with a
        # concurrency of 1 gets two workers, as Cloud Run would start a second instance.
        "WORKERS": "2"
        if function.kind is FunctionKind.PIPELINE and function.concurrency == 1
        else "1",
        # gunicorn opens a control socket there. A shared folder would cause collisions.
        "XDG_RUNTIME_DIR": str(layout.folder / "run" / function.name),
        **(models_env() if function.name == "emotion_scoring" else {}),
        **(_api_limits() if function.name == "api" else {}),
        **(_recorder_timeouts() if function.name == "recorder" else {}),
        **_grpc_proxies(),
        **read_public_keys(layout),
        **_function_secrets(layout, function),
        **(_tts_env(layout) if function.name in ("api", "text_to_speech") else {}),
        **(_stt_env(layout) if function.name in ("api", "speech_recognition") else {}),
        **(_gemini_env(layout) if function.name == "slide_generation" else {}),
        **_built_files(tools, function.name),
    }


def _built_files(tools: Tools, function: str) -> dict[str, str]:
    """Returns the folders that the build of the console wrote, if a suite has the console."""
    if tools.console_folder is None:
        return {}
    viewer = tools.console_folder.parent / VIEWER_FOLDER
    folders = {
        "console": {"MOODREEL_CONSOLE_FILES": str(tools.console_folder)},
        "api": {"MOODREEL_VIEWER_FILES": str(viewer)},
    }
    return folders.get(function, {})


def _api_limits() -> dict[str, str]:
    """Returns high limits for the API. The caller's environment overrides them."""
    limits = {
        "JOBS_PER_MINUTE": "100000", "MAX_OPEN_JOBS": "100000", "MAX_STORAGE_MB": "1000000",
        "REWORKS_PER_MINUTE": "100000", "CHANGES_PER_MINUTE": "100000",
        "UPLOADS_PER_MINUTE": "100000",
        "MAX_IMAGE_MB": "40", "MAX_AUDIO_MB": "500", "SIGN_INS_PER_ADDRESS": "100000",
        "SIGN_INS_PER_CLIENT": "100000", "REGISTRATIONS_PER_CLIENT": "100000",
    }  # fmt: skip
    return {
        f"MOODREEL_{name}": os.environ.get(f"MOODREEL_{name}", value)
        for name, value in limits.items()
    }


def _recorder_timeouts() -> dict[str, str]:
    """Returns the timeouts of the recorder that the caller's environment sets."""
    names = ("RECORDER_TASK_S", "MAX_SEGMENT_S", "SOURCE_GIVE_UP_S", "SOURCE_STALL_S")
    return {
        f"MOODREEL_{name}": os.environ[f"MOODREEL_{name}"]
        for name in names
        if f"MOODREEL_{name}" in os.environ
    }


def _grpc_proxies() -> dict[str, str]:
    """Returns the addresses of the proxies in front of Firestore and Pub/Sub that the caller's
    environment sets, for tests that let calls of the functions fail."""
    return {
        f"{name}_EMULATOR_HOST": os.environ[f"MOODREEL_{name}_PROXY"]
        for name in ("FIRESTORE", "PUBSUB")
        if f"MOODREEL_{name}_PROXY" in os.environ
    }


def _function_secrets(layout: SuiteLayout, function: Function) -> dict[str, str]:
    """Returns the secrets of a function's row, and no others."""
    secrets = {
        "SMTP_URL": f"smtp://{HOST}:{layout.port('smtp')}",
        # Used for local data only.
        "RECEIPT_KEY": "bG9jYWwtb25seS1rZXktb2YtMzItYnl0ZXMtYXQtbWU=",
        **read_private_keys(layout),
    }
    return {
        name: os.environ.get(name) or secrets[name]
        for name in function.secrets
        if name in secrets or os.environ.get(name)
    }


def _tts_env(layout: SuiteLayout) -> dict[str, str]:
    """Returns settings for the emulator, or for the real service when the caller's environment has
    credentials."""
    credentials = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS")
    if credentials:
        return {"GOOGLE_APPLICATION_CREDENTIALS": credentials}
    return {"MOODREEL_TTS_ENDPOINT": layout.url("tts")}


def _stt_env(layout: SuiteLayout) -> dict[str, str]:
    """Returns settings for the emulator with its model, or for the real service when the caller's
    environment has credentials."""
    credentials = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS")
    if credentials:
        names = ("MOODREEL_RECOGNITION_MODEL", "MOODREEL_RECOGNITION_LOCATION")
        chosen = {name: os.environ[name] for name in names if os.environ.get(name)}
        return {"GOOGLE_APPLICATION_CREDENTIALS": credentials, **chosen}
    return {
        "MOODREEL_STT_ENDPOINT": layout.url("stt"),
        MODEL_SETTING: chosen_model_name(),
    }


def _gemini_env(layout: SuiteLayout) -> dict[str, str]:
    """Returns the settings of slide_generation for Gemini.

    With GEMINI_API_KEY (Developer API) or MOODREEL_VERTEX_PROJECT (Vertex AI, with the user's
    credentials) they select the real service. Otherwise they select the emulator over Vertex AI,
    as in the cloud, with a service account token from the emulated metadata server.
    """
    backend = "MOODREEL_GEMINI_BACKEND"
    if os.environ.get("GEMINI_API_KEY"):
        return {backend: GeminiBackend.DEVELOPER_API}
    if os.environ.get("MOODREEL_VERTEX_PROJECT"):
        name = "GOOGLE_APPLICATION_CREDENTIALS"
        credentials = os.environ.get(name)
        return {backend: GeminiBackend.VERTEX_AI, **({name: credentials} if credentials else {})}
    endpoint = {"MOODREEL_GEMINI_ENDPOINT": layout.url("gemini")}
    deprecated = deck_model_client() != DECK_MODEL_CLIENTS[0]
    default = GeminiBackend.DEVELOPER_API if deprecated else GeminiBackend.VERTEX_AI
    selected = os.environ.get(backend) or default
    if selected == GeminiBackend.DEVELOPER_API:
        return {**endpoint, backend: selected, "GEMINI_API_KEY": "local"}
    metadata = f"{HOST}:{layout.port('gemini')}"
    return {
        **endpoint,
        backend: selected,
        "GCE_METADATA_HOST": metadata,
        "GCE_METADATA_IP": metadata,
        # The user's gcloud credentials would take precedence over the metadata server.
        "CLOUDSDK_CONFIG": str(layout.folder / "run" / "gcloud"),
    }
