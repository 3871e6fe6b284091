"""Settings: the only module that reads the environment. Missing settings are named at once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network

from shared.errors import ConfigurationError
from shared.pipeline import LEASE_S, Bucket, GeminiBackend

DECK_MODELS = {
    # Vertex AI lists versions only; the Developer API has an alias for the latest one.
    # https://docs.cloud.google.com/gemini-enterprise-agent-platform/models/model-versions
    GeminiBackend.VERTEX_AI: "gemini-3.5-flash",
    GeminiBackend.DEVELOPER_API: "gemini-flash-latest",
}
"""The default model of each backend."""
DECK_MODEL_CLIENTS = ("google-genai", "google-generativeai")
"""The client libraries for Gemini, the default first. The second one needs the lock file
`functions/slide_generation/requirements-google-generativeai.txt`."""
EMULATOR_VARIABLES = (
    "FIRESTORE_EMULATOR_HOST",
    "PUBSUB_EMULATOR_HOST",
    "FIREBASE_AUTH_EMULATOR_HOST",
    "STORAGE_EMULATOR_HOST",
)


@dataclass(frozen=True)
class Settings:
    """The configuration of a function. Built once and passed on as a value."""

    project: str
    buckets: Mapping[Bucket, str]
    public_url: str
    """URL of the API without a trailing slash; links in e-mails start with it."""
    downloads_url: str = ""
    """URL of the function `downloads`; "" means that of the API, as in the cloud."""
    local: bool = False
    """Whether it runs in the local suite, with emulators instead of Google and with faults."""
    signer_key: str | None = None
    """Path of a service account key for signing. None in the cloud, where IAM signs."""
    account: str = ""
    """Local only: the account id of the function in the cloud, sent to the storage emulator."""
    smtp_url: str = field(default="", repr=False)
    """smtp[s]://user:password@host:port; secret."""
    mail_from: str = "Moodreel <noreply@localhost>"
    allowed_origins: tuple[str, ...] = ()
    """Browser origins that may call the API."""
    max_frames: int = 100_000
    max_duration_s: int = 4 * 3600
    job_retention_days: int = 30
    link_valid_days: int = 7
    models_dir: str = ""
    """A folder with model files that is searched first; "" for none."""
    models_cache: str = ""
    """A folder that caches downloaded model files; "" for none, because /tmp is memory in the
    cloud."""
    allow_medical_safety: bool = False
    """Whether emotions at work and in education may be scored for a medical or safety purpose. The
    operator is responsible for the exception of the EU AI Act, art. 5(1)(f)."""
    crash_dir: str = ""
    """Local only: a folder of crash requests. A file named `point.stage.job` ends the process at
    that crash point, once."""
    lease_s: int = LEASE_S
    """How long a claim is valid without a renewal. Other values are for tests, local only."""
    auth_emulator: str = ""
    """host:port of the Auth emulator, local only."""
    firestore_emulator: str = ""
    """host:port of the Firestore emulator, local only."""
    storage_emulator: str = ""
    """URL of the Cloud Storage emulator, local only."""
    tts_endpoint: str = ""
    """Local only: URL of the Text-to-Speech emulator; "" is the real service."""
    gemini_backend: GeminiBackend = GeminiBackend.VERTEX_AI
    """The API that serves Gemini: `vertex-ai` or `developer-api`."""
    vertex_project: str = ""
    """The project that Vertex AI bills; `project` by default."""
    vertex_location: str = "global"
    """Where Vertex AI processes requests: `global`, a region, or a multi-region such as `eu`. Not
    every model is available everywhere."""
    gemini_api_key: str = field(default="", repr=False)
    """Secret: the API key for the backend `developer-api`."""
    gemini_endpoint: str = ""
    """Local only: URL of the Gemini emulator; "" is the real service."""
    traces: str = ""
    """Where spans are exported: "" for nowhere, "cloud" for Cloud Trace, a folder in the local
    suite."""
    deck_model: str = DECK_MODELS[GeminiBackend.VERTEX_AI]
    """The Gemini model that writes decks; each backend has its own default."""
    deck_model_client: str = DECK_MODEL_CLIENTS[0]
    """The client library for Gemini: google-genai or google-generativeai."""
    illustrator: str = ""
    """`module:factory` of the operator. The factory takes these settings and returns an Illustrator
    (shared.ports.models). With "" slides have no generated pictures."""
    console_url: str = ""
    """URL of the console without a trailing slash, for links in e-mails."""
    console_files: str = ""
    """A folder with the built pages of the console; "" for the one beside its code."""
    web_api_key: str = ""
    """The web API key of the project, for sign-in. The Auth emulator accepts any text."""
    trusted_proxies: int = 1
    """Number of trusted proxies in front of the API. The front end of Cloud Run is one."""
    jobs_per_minute: int = 5
    """Jobs that a user may create per minute."""
    reworks_per_minute: int = 10
    """Redrives, deck edits and slide rewrites of a user per minute."""
    changes_per_minute: int = 30
    """Links, webhooks with their tests and replays, exports and erasures of a user per minute."""
    max_open_jobs: int = 20
    """Jobs of a user that have not ended."""
    max_storage_mb: int = 50_000
    """Total size of a user's uploads and results."""
    max_cameras: int = 20
    """Cameras of a user."""
    max_active_recordings: int = 4
    """Active recordings of a user."""
    max_recording_s: int = 4 * 3600
    """Maximum duration of a recording."""
    max_recording_mb: int = 5_000
    """Maximum size of a recording."""
    recording_retention_days: int = 30
    max_viewers: int = 5
    """Concurrent viewers of the preview of a camera."""
    max_preview_bytes: int = 9_000_000
    """Maximum size of one preview response. A function streams at most 10 MB."""
    max_image_mb: int = 16
    """Maximum size of an uploaded image. The row of the recipe is the upper limit."""
    max_audio_mb: int = 16
    max_video_mb: int = 5_000
    sign_ins_per_address: int = 10
    """Sign-in attempts for an address in five minutes."""
    sign_ins_per_client: int = 60
    """Sign-in attempts of a client in five minutes."""
    registrations_per_client: int = 20
    """E-mails (registration, forgotten password) that a client may request per hour. The limit of
    an address is a quarter of that."""
    mail_verified_only: bool = False
    """Whether outcomes are sent to confirmed addresses only."""
    allow_private_webhooks: bool = False
    """Local only: whether webhooks may use this machine, private addresses and http."""
    max_direct_download_bytes: int = 8 << 20
    """Larger results are downloaded from the bucket instead of through a function."""
    receipt_key: str = field(default="", repr=False)
    """Secret: the Ed25519 key that signs receipts of erasures, 32 bytes in base64."""
    backup_retention_days: int = 14
    """How long soft-deleted objects and backups keep deleted data."""

    recorder_task_s: int = 420
    """How long one invocation holds a camera before the next one takes over. At most the timeout of
    the row."""
    max_segment_s: int = 60
    """Maximum duration of a segment, which a crash may lose."""
    max_segment_mb: int = 64
    """Maximum size of a segment."""
    camera_networks: tuple[str, ...] = ()
    """Private networks, such as 10.1.0.0/16, in which cameras are allowed."""
    allow_camera_devices: bool = False
    """Local only: whether cameras of this machine may be requested. The recorder has no reader for
    them yet and reports an error."""
    source_give_up_s: int = 300
    """How long an unavailable camera is retried before its recording fails."""
    source_stall_s: int = 10
    """A camera without a packet for this long counts as unavailable."""

    def bucket_name(self, role: Bucket) -> str:
        """Returns the name of a bucket."""
        return self.buckets[role]

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Settings:
        """Reads the settings from `env`, by default the environment of the process. Raises
        ConfigurationError, which names all missing settings."""
        env = os.environ if env is None else env
        local = env.get("MOODREEL_LOCAL") == "1"
        required = ["MOODREEL_PROJECT", "MOODREEL_PUBLIC_URL"]
        required += [f"MOODREEL_BUCKET_{role.upper()}" for role in Bucket]
        if local:
            required += [*EMULATOR_VARIABLES, "MOODREEL_SIGNER_KEY"]
        missing = [name for name in required if not env.get(name)]
        if missing:
            raise ConfigurationError(f"These settings are missing: {', '.join(missing)}.")
        stray = [name for name in EMULATOR_VARIABLES if env.get(name)]
        if stray and not local:
            # The Auth emulator accepts unsigned tokens, so these variables are unsafe in the cloud.
            raise ConfigurationError(
                f"{', '.join(stray)} set without MOODREEL_LOCAL=1: refusing to start."
            )
        if local and env.get("K_SERVICE"):
            raise ConfigurationError("MOODREEL_LOCAL=1 inside Cloud Run: refusing to start.")
        backend = _parse_backend(env.get("MOODREEL_GEMINI_BACKEND") or cls.gemini_backend)
        return cls(
            project=env["MOODREEL_PROJECT"],
            buckets={role: env[f"MOODREEL_BUCKET_{role.upper()}"] for role in Bucket},
            public_url=env["MOODREEL_PUBLIC_URL"].rstrip("/"),
            downloads_url=env.get("MOODREEL_DOWNLOADS_URL", "").rstrip("/"),
            local=local,
            signer_key=env.get("MOODREEL_SIGNER_KEY") if local else None,
            account=env.get("MOODREEL_ACCOUNT", "") if local else "",
            smtp_url=env.get("SMTP_URL", ""),
            mail_from=env.get("MOODREEL_MAIL_FROM", cls.mail_from),
            allowed_origins=tuple(filter(None, env.get("MOODREEL_ALLOWED_ORIGINS", "").split(","))),
            max_frames=_parse_int(env, "MOODREEL_MAX_FRAMES", cls.max_frames),
            max_duration_s=_parse_int(env, "MOODREEL_MAX_DURATION_S", cls.max_duration_s),
            job_retention_days=_parse_int(
                env, "MOODREEL_JOB_RETENTION_DAYS", cls.job_retention_days
            ),
            link_valid_days=_parse_int(env, "MOODREEL_LINK_VALID_DAYS", cls.link_valid_days),
            models_dir=env.get("MODELS_DIR", ""),
            models_cache=env.get("MOODREEL_MODELS_CACHE", ""),
            allow_medical_safety=env.get("MOODREEL_ALLOW_MEDICAL_SAFETY") == "1",
            crash_dir=env.get("MOODREEL_CRASH_DIR", "") if local else "",
            lease_s=_parse_int(env, "MOODREEL_LEASE_S", LEASE_S) if local else LEASE_S,
            auth_emulator=env.get("FIREBASE_AUTH_EMULATOR_HOST", "") if local else "",
            firestore_emulator=env.get("FIRESTORE_EMULATOR_HOST", "") if local else "",
            storage_emulator=env.get("STORAGE_EMULATOR_HOST", "") if local else "",
            tts_endpoint=env.get("MOODREEL_TTS_ENDPOINT", "") if local else "",
            gemini_backend=backend,
            vertex_project=env.get("MOODREEL_VERTEX_PROJECT") or env["MOODREEL_PROJECT"],
            vertex_location=env.get("MOODREEL_VERTEX_LOCATION") or cls.vertex_location,
            gemini_api_key=env.get("GEMINI_API_KEY", ""),
            gemini_endpoint=env.get("MOODREEL_GEMINI_ENDPOINT", "") if local else "",
            traces=_parse_traces(env.get("MOODREEL_TRACES", ""), local=local),
            deck_model=env.get("MOODREEL_DECK_MODEL") or DECK_MODELS[backend],
            deck_model_client=env.get("MOODREEL_DECK_MODEL_CLIENT") or cls.deck_model_client,
            illustrator=env.get("MOODREEL_ILLUSTRATOR", ""),
            console_url=(env.get("MOODREEL_CONSOLE_URL") or env["MOODREEL_PUBLIC_URL"]).rstrip("/"),
            console_files=env.get("MOODREEL_CONSOLE_FILES", ""),
            web_api_key=env.get("MOODREEL_WEB_API_KEY", "local" if local else ""),
            # The local suite has no proxy, so no forwarded address is trusted.
            trusted_proxies=_parse_int(
                env, "MOODREEL_TRUSTED_PROXIES", 0 if local else cls.trusted_proxies, minimum=0
            ),
            jobs_per_minute=_parse_int(env, "MOODREEL_JOBS_PER_MINUTE", cls.jobs_per_minute),
            reworks_per_minute=_parse_int(
                env, "MOODREEL_REWORKS_PER_MINUTE", cls.reworks_per_minute
            ),
            changes_per_minute=_parse_int(
                env, "MOODREEL_CHANGES_PER_MINUTE", cls.changes_per_minute
            ),
            max_open_jobs=_parse_int(env, "MOODREEL_MAX_OPEN_JOBS", cls.max_open_jobs),
            max_storage_mb=_parse_int(env, "MOODREEL_MAX_STORAGE_MB", cls.max_storage_mb),
            max_cameras=_parse_int(env, "MOODREEL_MAX_CAMERAS", cls.max_cameras),
            max_active_recordings=_parse_int(
                env, "MOODREEL_MAX_ACTIVE_RECORDINGS", cls.max_active_recordings
            ),
            max_recording_s=_parse_int(env, "MOODREEL_MAX_RECORDING_S", cls.max_recording_s),
            max_recording_mb=_parse_int(env, "MOODREEL_MAX_RECORDING_MB", cls.max_recording_mb),
            recording_retention_days=_parse_int(
                env, "MOODREEL_RECORDING_RETENTION_DAYS", cls.recording_retention_days
            ),
            max_viewers=_parse_int(env, "MOODREEL_MAX_VIEWERS", cls.max_viewers),
            max_preview_bytes=_parse_int(env, "MOODREEL_MAX_PREVIEW_BYTES", cls.max_preview_bytes),
            max_image_mb=_parse_int(env, "MOODREEL_MAX_IMAGE_MB", cls.max_image_mb),
            max_audio_mb=_parse_int(env, "MOODREEL_MAX_AUDIO_MB", cls.max_audio_mb),
            max_video_mb=_parse_int(env, "MOODREEL_MAX_VIDEO_MB", cls.max_video_mb),
            sign_ins_per_address=_parse_int(
                env, "MOODREEL_SIGN_INS_PER_ADDRESS", cls.sign_ins_per_address
            ),
            sign_ins_per_client=_parse_int(
                env, "MOODREEL_SIGN_INS_PER_CLIENT", cls.sign_ins_per_client
            ),
            registrations_per_client=_parse_int(
                env, "MOODREEL_REGISTRATIONS_PER_CLIENT", cls.registrations_per_client
            ),
            mail_verified_only=env.get("MOODREEL_MAIL_VERIFIED_ONLY") == "1",
            allow_private_webhooks=local and env.get("MOODREEL_ALLOW_PRIVATE_WEBHOOKS") == "1",
            max_direct_download_bytes=_parse_int(
                env, "MOODREEL_MAX_DIRECT_DOWNLOAD_BYTES", cls.max_direct_download_bytes
            ),
            receipt_key=env.get("RECEIPT_KEY", ""),
            backup_retention_days=_parse_int(
                env, "MOODREEL_BACKUP_RETENTION_DAYS", cls.backup_retention_days
            ),
            recorder_task_s=_parse_int(env, "MOODREEL_RECORDER_TASK_S", cls.recorder_task_s),
            max_segment_s=_parse_int(env, "MOODREEL_MAX_SEGMENT_S", cls.max_segment_s),
            max_segment_mb=_parse_int(env, "MOODREEL_MAX_SEGMENT_MB", cls.max_segment_mb),
            camera_networks=_parse_networks(env.get("MOODREEL_CAMERA_NETWORKS", "")),
            allow_camera_devices=local and env.get("MOODREEL_ALLOW_CAMERA_DEVICES") == "1",
            source_give_up_s=_parse_int(env, "MOODREEL_SOURCE_GIVE_UP_S", cls.source_give_up_s),
            source_stall_s=_parse_int(env, "MOODREEL_SOURCE_STALL_S", cls.source_stall_s),
        )


def _parse_backend(name: str) -> GeminiBackend:
    try:
        return GeminiBackend(name)
    except ValueError as error:
        raise ConfigurationError(
            f"MOODREEL_GEMINI_BACKEND is {name!r}; it can be {' or '.join(GeminiBackend)}."
        ) from error


def _parse_traces(target: str, *, local: bool) -> str:
    if target and (target == "cloud") == local:
        raise ConfigurationError(
            f"MOODREEL_TRACES is {target!r}; it is empty, `cloud` in the cloud, or a local folder."
        )
    return target


def _parse_networks(text: str) -> tuple[str, ...]:
    networks = tuple(filter(None, (item.strip() for item in text.split(","))))
    for network in networks:
        try:
            ip_network(network)
        except ValueError as error:
            raise ConfigurationError(
                f"MOODREEL_CAMERA_NETWORKS must list networks such as 10.1.0.0/16, not {network!r}."
            ) from error
    return networks


def _parse_int(env: Mapping[str, str], name: str, default: int, *, minimum: int = 1) -> int:
    text = env.get(name, "")
    if not text:
        return default
    if not text.isdigit() or int(text) < minimum:
        raise ConfigurationError(
            f"{name} must be a whole number above {minimum - 1}, not {text!r}."
        )
    return int(text)
