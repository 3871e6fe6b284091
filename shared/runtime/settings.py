"""Settings: the only reader of the environment. Everything missing is named at once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network

from shared.errors import ConfigurationError
from shared.pipeline import LEASE_S, Bucket, GeminiBackend

DECK_MODELS = {
    # Vertex AI lists versions; the alias for the latest one is the Developer API's.
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
    """What a function needs to know about where it runs. Built once, passed on as a value."""

    project: str
    buckets: Mapping[Bucket, str]
    public_url: str
    """Where people reach the API, without a trailing slash: links in mails start with it."""
    downloads_url: str = ""
    """Where the function `downloads` is reached; "" is where the API is, as in the cloud."""
    local: bool = False
    """True under the local suite: emulators answer instead of Google, and faults may be set."""
    signer_key: str | None = None
    """Path of a service account key for signing. None in the cloud: IAM signs there."""
    account: str = ""
    """Local only: the account id that this function has in the cloud, for whoever looks on."""
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
    """A folder with model files, looked into first; "" for none."""
    models_cache: str = ""
    """A folder in which fetched model files are kept. "" for none: /tmp is memory in the cloud."""
    allow_medical_safety: bool = False
    """Whether emotions at work and in education may be scored for a purpose that speaks of
    medicine or safety: the operator vouches for the exception of the EU AI Act, art. 5(1)(f)."""
    crash_dir: str = ""
    """Local only: a folder in which a file named `point.stage.job` ends a process there, once."""
    lease_s: int = LEASE_S
    """How long a claim holds without being renewed. Shorter ones are for tests, local only."""
    auth_emulator: str = ""
    """host:port of the Auth emulator, local only."""
    firestore_emulator: str = ""
    """host:port of the Firestore emulator, local only."""
    storage_emulator: str = ""
    """URL of the Cloud Storage stand-in, local only."""
    tts_endpoint: str = ""
    """Local only: URL of the Text-to-Speech stand-in; "" is the real service."""
    gemini_backend: GeminiBackend = GeminiBackend.VERTEX_AI
    """The API that serves Gemini: `vertex-ai` or `developer-api`."""
    vertex_project: str = ""
    """The project that Vertex AI bills; by default `project`."""
    vertex_location: str = "global"
    """Where Vertex AI processes requests: `global`, a region, or a multi-region such as `eu`. Not
    every model is served everywhere."""
    gemini_api_key: str = field(default="", repr=False)
    """Secret; for the backend `developer-api`."""
    gemini_endpoint: str = ""
    """Local only: URL of the Gemini emulator; "" is the real service."""
    traces: str = ""
    """Where spans go: "" nowhere, "cloud" into Cloud Trace, under the local suite a folder."""
    deck_model: str = DECK_MODELS[GeminiBackend.VERTEX_AI]
    """The Gemini model that writes decks; each backend has its own default."""
    deck_model_client: str = DECK_MODEL_CLIENTS[0]
    """The client library for Gemini: google-genai or google-generativeai."""
    illustrator: str = ""
    """An operator's own `module:factory`, called with these settings, that gives an Illustrator
    (shared.ports); "" draws no pictures for slides."""
    console_url: str = ""
    """Where the console answers, without a trailing slash: letters lead to it."""
    console_files: str = ""
    """A folder with the console's built pages; "" for the one beside its code."""
    web_api_key: str = ""
    """The project's web API key, for signing in; any text beside the Auth emulator."""
    trusted_proxies: int = 1
    """How many trusted proxies stand before the API: Cloud Run's own front end is one."""
    jobs_per_minute: int = 5
    """Creations of jobs by one user, a minute."""
    reworks_per_minute: int = 10
    """Redrives, edited decks and rewritten slides of one user, a minute."""
    changes_per_minute: int = 30
    """Links, webhooks with their tests and replays, exports and erasures of one user, a minute."""
    max_open_jobs: int = 20
    """Jobs of one user that have not ended."""
    max_storage_mb: int = 50_000
    """What one user's uploads and results may hold together."""
    max_cameras: int = 20
    """Cameras of one user."""
    max_active_recordings: int = 4
    """Recordings of one user that run."""
    max_recording_s: int = 4 * 3600
    """The longest recording."""
    max_recording_mb: int = 5_000
    """The largest one."""
    recording_retention_days: int = 30
    max_viewers: int = 5
    """Who may look at one camera's preview at the same time."""
    max_preview_bytes: int = 9_000_000
    """One answer of a preview: a function streams 10 MB at most."""
    max_image_mb: int = 16
    """One uploaded picture at most; what the recipe's row says is the ceiling."""
    max_audio_mb: int = 16
    max_video_mb: int = 5_000
    sign_ins_per_address: int = 10
    """Attempts to sign in to one address in five minutes."""
    sign_ins_per_client: int = 60
    """Attempts to sign in from one client in five minutes."""
    registrations_per_client: int = 20
    """Letters to addresses (registration, forgotten password) that one client may ask for in an
    hour; one address gets a quarter of that."""
    mail_verified_only: bool = False
    """Whether outcomes are mailed to confirmed addresses alone."""
    allow_private_webhooks: bool = False
    """Local only: whether webhooks may lead to this machine, to private addresses and to http."""
    max_direct_download_bytes: int = 8 << 20
    """Above this a result's bytes are read from the bucket and not through a function."""
    receipt_key: str = field(default="", repr=False)
    """Ed25519 key that signs receipts of erasures: 32 bytes in base64; secret."""
    backup_retention_days: int = 14
    """How long soft-deleted objects and the oldest backup still hold what was removed."""

    recorder_task_s: int = 420
    """How long one invocation holds a camera before it hands over; at most the row's time."""
    max_segment_s: int = 60
    """The longest segment: what a crash may lose."""
    max_segment_mb: int = 64
    """The largest one."""
    camera_networks: tuple[str, ...] = ()
    """Networks, such as 10.1.0.0/16, in which cameras may be although they are not public."""
    allow_camera_devices: bool = False
    """Local only: whether cameras of this machine may be asked for; the recorder has no reader for
    them yet and says so."""
    source_give_up_s: int = 300
    """How long a camera that is gone is tried again before it is given up."""
    source_stall_s: int = 10
    """Without a packet for so long a camera counts as gone."""

    def bucket_name(self, role: Bucket) -> str:
        """The real name of a bucket."""
        return self.buckets[role]

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Settings:
        """Read `env` (default: the process's). Raises ConfigurationError naming all gaps."""
        env = os.environ if env is None else env
        local = env.get("MOODREEL_LOCAL") == "1"
        wanted = ["MOODREEL_PROJECT", "MOODREEL_PUBLIC_URL"]
        wanted += [f"MOODREEL_BUCKET_{role.upper()}" for role in Bucket]
        if local:
            wanted += [*EMULATOR_VARIABLES, "MOODREEL_SIGNER_KEY"]
        missing = [name for name in wanted if not env.get(name)]
        if missing:
            raise ConfigurationError(f"These settings are missing: {', '.join(missing)}.")
        stray = [name for name in EMULATOR_VARIABLES if env.get(name)]
        if stray and not local:
            # The Auth emulator accepts unsigned tokens: such a variable in the cloud is a hole.
            raise ConfigurationError(
                f"{', '.join(stray)} set without MOODREEL_LOCAL=1: refusing to start."
            )
        if local and env.get("K_SERVICE"):
            raise ConfigurationError("MOODREEL_LOCAL=1 inside Cloud Run: refusing to start.")
        backend = _backend(env.get("MOODREEL_GEMINI_BACKEND") or cls.gemini_backend)
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
            max_frames=_whole(env, "MOODREEL_MAX_FRAMES", cls.max_frames),
            max_duration_s=_whole(env, "MOODREEL_MAX_DURATION_S", cls.max_duration_s),
            job_retention_days=_whole(env, "MOODREEL_JOB_RETENTION_DAYS", cls.job_retention_days),
            link_valid_days=_whole(env, "MOODREEL_LINK_VALID_DAYS", cls.link_valid_days),
            models_dir=env.get("MODELS_DIR", ""),
            models_cache=env.get("MOODREEL_MODELS_CACHE", ""),
            allow_medical_safety=env.get("MOODREEL_ALLOW_MEDICAL_SAFETY") == "1",
            crash_dir=env.get("MOODREEL_CRASH_DIR", "") if local else "",
            lease_s=_whole(env, "MOODREEL_LEASE_S", LEASE_S) if local else LEASE_S,
            auth_emulator=env.get("FIREBASE_AUTH_EMULATOR_HOST", "") if local else "",
            firestore_emulator=env.get("FIRESTORE_EMULATOR_HOST", "") if local else "",
            storage_emulator=env.get("STORAGE_EMULATOR_HOST", "") if local else "",
            tts_endpoint=env.get("MOODREEL_TTS_ENDPOINT", "") if local else "",
            gemini_backend=backend,
            vertex_project=env.get("MOODREEL_VERTEX_PROJECT") or env["MOODREEL_PROJECT"],
            vertex_location=env.get("MOODREEL_VERTEX_LOCATION") or cls.vertex_location,
            gemini_api_key=env.get("GEMINI_API_KEY", ""),
            gemini_endpoint=env.get("MOODREEL_GEMINI_ENDPOINT", "") if local else "",
            traces=_traces(env.get("MOODREEL_TRACES", ""), local=local),
            deck_model=env.get("MOODREEL_DECK_MODEL") or DECK_MODELS[backend],
            deck_model_client=env.get("MOODREEL_DECK_MODEL_CLIENT") or cls.deck_model_client,
            illustrator=env.get("MOODREEL_ILLUSTRATOR", ""),
            console_url=(env.get("MOODREEL_CONSOLE_URL") or env["MOODREEL_PUBLIC_URL"]).rstrip("/"),
            console_files=env.get("MOODREEL_CONSOLE_FILES", ""),
            web_api_key=env.get("MOODREEL_WEB_API_KEY", "local" if local else ""),
            # Beside the emulators nobody stands in front: who names an address is not believed.
            trusted_proxies=_whole(
                env, "MOODREEL_TRUSTED_PROXIES", 0 if local else cls.trusted_proxies, least=0
            ),
            jobs_per_minute=_whole(env, "MOODREEL_JOBS_PER_MINUTE", cls.jobs_per_minute),
            reworks_per_minute=_whole(env, "MOODREEL_REWORKS_PER_MINUTE", cls.reworks_per_minute),
            changes_per_minute=_whole(env, "MOODREEL_CHANGES_PER_MINUTE", cls.changes_per_minute),
            max_open_jobs=_whole(env, "MOODREEL_MAX_OPEN_JOBS", cls.max_open_jobs),
            max_storage_mb=_whole(env, "MOODREEL_MAX_STORAGE_MB", cls.max_storage_mb),
            max_cameras=_whole(env, "MOODREEL_MAX_CAMERAS", cls.max_cameras),
            max_active_recordings=_whole(
                env, "MOODREEL_MAX_ACTIVE_RECORDINGS", cls.max_active_recordings
            ),
            max_recording_s=_whole(env, "MOODREEL_MAX_RECORDING_S", cls.max_recording_s),
            max_recording_mb=_whole(env, "MOODREEL_MAX_RECORDING_MB", cls.max_recording_mb),
            recording_retention_days=_whole(
                env, "MOODREEL_RECORDING_RETENTION_DAYS", cls.recording_retention_days
            ),
            max_viewers=_whole(env, "MOODREEL_MAX_VIEWERS", cls.max_viewers),
            max_preview_bytes=_whole(env, "MOODREEL_MAX_PREVIEW_BYTES", cls.max_preview_bytes),
            max_image_mb=_whole(env, "MOODREEL_MAX_IMAGE_MB", cls.max_image_mb),
            max_audio_mb=_whole(env, "MOODREEL_MAX_AUDIO_MB", cls.max_audio_mb),
            max_video_mb=_whole(env, "MOODREEL_MAX_VIDEO_MB", cls.max_video_mb),
            sign_ins_per_address=_whole(
                env, "MOODREEL_SIGN_INS_PER_ADDRESS", cls.sign_ins_per_address
            ),
            sign_ins_per_client=_whole(
                env, "MOODREEL_SIGN_INS_PER_CLIENT", cls.sign_ins_per_client
            ),
            registrations_per_client=_whole(
                env, "MOODREEL_REGISTRATIONS_PER_CLIENT", cls.registrations_per_client
            ),
            mail_verified_only=env.get("MOODREEL_MAIL_VERIFIED_ONLY") == "1",
            allow_private_webhooks=local and env.get("MOODREEL_ALLOW_PRIVATE_WEBHOOKS") == "1",
            max_direct_download_bytes=_whole(
                env, "MOODREEL_MAX_DIRECT_DOWNLOAD_BYTES", cls.max_direct_download_bytes
            ),
            receipt_key=env.get("RECEIPT_KEY", ""),
            backup_retention_days=_whole(
                env, "MOODREEL_BACKUP_RETENTION_DAYS", cls.backup_retention_days
            ),
            recorder_task_s=_whole(env, "MOODREEL_RECORDER_TASK_S", cls.recorder_task_s),
            max_segment_s=_whole(env, "MOODREEL_MAX_SEGMENT_S", cls.max_segment_s),
            max_segment_mb=_whole(env, "MOODREEL_MAX_SEGMENT_MB", cls.max_segment_mb),
            camera_networks=_networks(env.get("MOODREEL_CAMERA_NETWORKS", "")),
            allow_camera_devices=local and env.get("MOODREEL_ALLOW_CAMERA_DEVICES") == "1",
            source_give_up_s=_whole(env, "MOODREEL_SOURCE_GIVE_UP_S", cls.source_give_up_s),
            source_stall_s=_whole(env, "MOODREEL_SOURCE_STALL_S", cls.source_stall_s),
        )


def _backend(name: str) -> GeminiBackend:
    try:
        return GeminiBackend(name)
    except ValueError as error:
        raise ConfigurationError(
            f"MOODREEL_GEMINI_BACKEND is {name!r}; it can be {' or '.join(GeminiBackend)}."
        ) from error


def _traces(where: str, *, local: bool) -> str:
    if where and (where == "cloud") == local:
        raise ConfigurationError(
            f"MOODREEL_TRACES is {where!r}; it is empty, `cloud` in the cloud, or a local folder."
        )
    return where


def _networks(text: str) -> tuple[str, ...]:
    found = tuple(filter(None, (one.strip() for one in text.split(","))))
    for one in found:
        try:
            ip_network(one)
        except ValueError as wrong:
            raise ConfigurationError(
                f"MOODREEL_CAMERA_NETWORKS must list networks such as 10.1.0.0/16, not {one!r}."
            ) from wrong
    return found


def _whole(env: Mapping[str, str], name: str, default: int, *, least: int = 1) -> int:
    text = env.get(name, "")
    if not text:
        return default
    if not text.isdigit() or int(text) < least:
        raise ConfigurationError(f"{name} must be a whole number above {least - 1}, not {text!r}.")
    return int(text)
