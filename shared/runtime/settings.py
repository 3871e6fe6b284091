"""Settings: the only module that reads the environment. Missing settings are named at once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.pipeline import JOBS_PER_OWNER, LEASE_S, PARTS_IN_FLIGHT, Bucket, GeminiBackend
from shared.runtime.environment import (
    LOCAL_VARIABLES,
    base_url,
    check_emulator_variables,
    check_present,
    check_traces,
    choice,
    comma_separated,
    list_variables,
    networks,
    required,
    setting,
    whole_number,
)
from shared.runtime.models.deck_models import (
    DECK_MODEL_CLIENTS,
    DECK_MODELS,
    PICTURE_MODEL,
    illustrator_name,
)

BUCKET_VARIABLES = {role: f"MOODREEL_BUCKET_{role.upper()}" for role in Bucket}


@dataclass(frozen=True)
class Settings:
    """The configuration of a function. Built once and passed on as a value.

    A field is its environment variable, its default and, where its type does not say it, how its
    text is parsed. `infra/README.md` has a table that is rendered from the fields and docstrings.
    """

    project: str = field(metadata=required("MOODREEL_PROJECT"))
    """The Google Cloud project. GOOGLE_CLOUD_PROJECT is used if it is not set."""
    buckets: Mapping[Bucket, str]
    """The names of the buckets, from BUCKET_VARIABLES."""
    public_url: str = field(metadata=required("MOODREEL_PUBLIC_URL", base_url))
    """URL of the API; links in e-mails start with it."""
    downloads_url: str = setting("MOODREEL_DOWNLOADS_URL", "", base_url)
    """URL of the function `downloads`; by default that of the API, as in the cloud."""
    local: bool = setting("MOODREEL_LOCAL", False)
    """Whether it runs in the local suite, with emulators instead of Google and with faults."""
    signer_key: str | None = setting("MOODREEL_SIGNER_KEY", None, local_only=True)
    """Path of a service account key for signing, required. In the cloud IAM signs."""
    account: str = setting("MOODREEL_ACCOUNT", "", local_only=True)
    """The account id of the function in the cloud, sent to the storage emulator."""
    smtp_url: str = setting("SMTP_URL", "", secret=True)
    """The mail server: `smtp[s]://user:password@host:port`."""
    mail_from: str = setting("MOODREEL_MAIL_FROM", "Moodreel <noreply@localhost>")
    """The sender of e-mails."""
    allowed_origins: tuple[str, ...] = setting("MOODREEL_ALLOWED_ORIGINS", (), comma_separated)
    """Browser origins that may call the API, separated by commas."""
    max_frames: int = setting("MOODREEL_MAX_FRAMES", 100_000)
    """Maximum number of frames of a job."""
    max_duration_s: int = setting("MOODREEL_MAX_DURATION_S", 4 * 3600)
    """Maximum duration of an uploaded video."""
    job_retention_days: int = setting("MOODREEL_JOB_RETENTION_DAYS", 30)
    """How long a job and its results are kept."""
    link_valid_days: int = setting("MOODREEL_LINK_VALID_DAYS", 7)
    """How long the link in an e-mail is valid."""
    models_dir: str = setting("MODELS_DIR", "")
    """A folder with model files that is searched first; by default none."""
    models_cache: str = setting("MOODREEL_MODELS_CACHE", "")
    """A folder that caches downloaded model files; by default none, because /tmp is memory in the
    cloud."""
    allow_medical_safety: bool = setting("MOODREEL_ALLOW_MEDICAL_SAFETY", False)
    """Whether emotions at work and in education may be scored for a medical or safety purpose. The
    operator is responsible for the exception of the EU AI Act, art. 5(1)(f)."""
    crash_dir: str = setting("MOODREEL_CRASH_DIR", "", local_only=True)
    """A folder of crash requests. A file named `point.stage.job` ends the process at that crash
    point, once."""
    lease_s: int = setting("MOODREEL_LEASE_S", LEASE_S, local_only=True)
    """How long a claim is valid without a renewal. Other values are for tests."""
    auth_emulator: str = setting("FIREBASE_AUTH_EMULATOR_HOST", "", local_only=True)
    """host:port of the Auth emulator, required."""
    firestore_emulator: str = setting("FIRESTORE_EMULATOR_HOST", "", local_only=True)
    """host:port of the Firestore emulator, required."""
    storage_emulator: str = setting("STORAGE_EMULATOR_HOST", "", local_only=True)
    """URL of the Cloud Storage emulator, required."""
    tts_endpoint: str = setting("MOODREEL_TTS_ENDPOINT", "", local_only=True)
    """URL of the Text-to-Speech emulator; by default the real service."""
    stt_endpoint: str = setting("MOODREEL_STT_ENDPOINT", "", local_only=True)
    """URL of the Speech-to-Text emulator; by default the real service."""
    recognition_model: str = setting("MOODREEL_RECOGNITION_MODEL", "chirp_3")
    """The Speech-to-Text model that recognizes speech. In the local suite, a model of the
    emulator."""
    recognition_location: str = setting("MOODREEL_RECOGNITION_LOCATION", "eu")
    """Where Speech-to-Text processes speech: a multi-region (`eu`, `us`), a region, or `global`.
    Not every model is available everywhere: `chirp_3` is in `eu`, `us` and a few regions of Asia
    (https://docs.cloud.google.com/speech-to-text/docs/models/chirp-3)."""
    recognition_calls_per_minute: int = setting("MOODREEL_RECOGNITION_CALLS_PER_MINUTE", 300)
    """Calls of Speech-to-Text per minute, in total. At most the project's quota of the location."""
    gemini_backend: GeminiBackend = setting(  # noqa: RUF009 - it returns a dataclass field
        "MOODREEL_GEMINI_BACKEND", GeminiBackend.VERTEX_AI, choice(GeminiBackend)
    )
    """The API that serves Gemini: `vertex-ai` or `developer-api`."""
    vertex_project: str = setting(
        "MOODREEL_VERTEX_PROJECT", "", default_from=lambda values: values["project"]
    )
    """The project that Vertex AI bills; by default MOODREEL_PROJECT."""
    vertex_location: str = setting("MOODREEL_VERTEX_LOCATION", "global")
    """Where Vertex AI processes requests: `global`, a region, or a multi-region such as `eu`. Not
    every model is available everywhere."""
    gemini_api_key: str = setting("GEMINI_API_KEY", "", secret=True)
    """The API key for the backend `developer-api`."""
    gemini_endpoint: str = setting("MOODREEL_GEMINI_ENDPOINT", "", local_only=True)
    """URL of the Gemini emulator; by default the real service."""
    traces: str = setting("MOODREEL_TRACES", "")
    """Where spans are exported: by default nowhere, `cloud` for Cloud Trace, a folder in the local
    suite."""
    deck_model: str = setting(
        "MOODREEL_DECK_MODEL",
        DECK_MODELS[GeminiBackend.VERTEX_AI],
        default_from=lambda values: DECK_MODELS[values["gemini_backend"]],
    )
    """The Gemini model that writes decks; by default gemini-3.5-flash on Vertex AI and
    gemini-flash-latest on the Developer API."""
    deck_model_url: str = setting("MOODREEL_DECK_MODEL_URL", "", base_url, local_only=True)
    """Base URL of an OpenAI-compatible endpoint that writes decks instead of Gemini, such as
    http://127.0.0.1:11434/v1 of Ollama. MOODREEL_DECK_MODEL names its model."""
    deck_model_key: str = setting("MOODREEL_DECK_MODEL_KEY", "", local_only=True, secret=True)
    """The API key of that endpoint, if it needs one."""
    deck_model_client: str = setting("MOODREEL_DECK_MODEL_CLIENT", DECK_MODEL_CLIENTS[0])
    """The client library for Gemini: google-genai or google-generativeai."""
    max_instances: int = setting("MOODREEL_MAX_INSTANCES", 20, local_default=1)
    """Maximum number of instances of a function, which share the calls per minute."""
    speech_calls_per_minute: int = setting("MOODREEL_SPEECH_CALLS_PER_MINUTE", 1000)
    """Calls of Text-to-Speech per minute, in total. Google's quota; that of Chirp 3 is 200."""
    voice_preference: tuple[str, ...] = setting(
        "MOODREEL_VOICE_PREFERENCE", ("Neural", "Neural2", "Wavenet", "Standard"), comma_separated
    )
    """The technologies of voices, the preferred one first, separated by commas: the voice of a film
    whose user names none. DEPLOY.md has their prices. Neural is that of the local emulator."""
    model_calls_per_minute: int = setting("MOODREEL_MODEL_CALLS_PER_MINUTE", 300)
    """Calls of Gemini per minute, in total. The quota depends on the backend and its tier."""
    illustrator: str = setting("MOODREEL_ILLUSTRATOR", "", illustrator_name)
    """Who draws pictures for slides: nobody by default, `gemini`, or `module:factory` of the
    operator. That factory takes these settings and returns an Illustrator (shared.ports.models)."""
    picture_model: str = setting("MOODREEL_PICTURE_MODEL", PICTURE_MODEL)
    """The Gemini image model of the illustrator `gemini`."""
    picture_calls_per_minute: int = setting("MOODREEL_PICTURE_CALLS_PER_MINUTE", 120)
    """Calls of the illustrator per minute, in total. The quota depends on backend and tier."""
    console_url: str = setting(
        "MOODREEL_CONSOLE_URL", "", base_url, default_from=lambda values: values["public_url"]
    )
    """URL of the console, for links in e-mails; by default MOODREEL_PUBLIC_URL."""
    inbox_url: str = setting("MOODREEL_INBOX_URL", "", base_url, local_only=True)
    """URL of the mail emulator's inbox page, which the console links to."""
    console_files: str = setting("MOODREEL_CONSOLE_FILES", "")
    """A folder with the built pages of the console; by default the one beside its code."""
    viewer_files: str = setting("MOODREEL_VIEWER_FILES", "")
    """A folder with the built viewer of the API's documentation; by default the one beside its
    code. Without it, `/v1/docs` redirects to the page without scripts."""
    web_api_key: str = setting("MOODREEL_WEB_API_KEY", "", local_default="local")
    """The web API key of the project, for sign-in. The Auth emulator accepts any text."""
    trusted_proxies: int = setting(
        # The local suite has no proxy, so no forwarded address is trusted.
        "MOODREEL_TRUSTED_PROXIES", 1, whole_number(0), local_default=0,
    )  # fmt: skip
    """Number of trusted proxies in front of the API. The front end of Cloud Run is one."""
    requests_per_minute: int = setting("MOODREEL_REQUESTS_PER_MINUTE", 600, local_default=100_000)
    """Requests of a signed-in user per minute, to all HTTPS functions together."""
    key_requests_per_minute: int = setting(
        "MOODREEL_KEY_REQUESTS_PER_MINUTE", 300, local_default=100_000
    )
    """Requests with one API key per minute. They count as requests of its user as well."""
    anonymous_requests_per_minute: int = setting(
        "MOODREEL_ANONYMOUS_REQUESTS_PER_MINUTE", 300, local_default=100_000
    )
    """Requests without a valid sign-in per minute from a client: an IPv4 address or an IPv6 /64."""
    jobs_per_minute: int = setting("MOODREEL_JOBS_PER_MINUTE", 5)
    """Jobs that a user may create per minute."""
    reworks_per_minute: int = setting("MOODREEL_REWORKS_PER_MINUTE", 10)
    """Redrives, deck edits, slide rewrites and releases of a user per minute."""
    uploads_per_minute: int = setting("MOODREEL_UPLOADS_PER_MINUTE", 60)
    """Upload URLs and checks of uploads of a user per minute."""
    changes_per_minute: int = setting("MOODREEL_CHANGES_PER_MINUTE", 30)
    """Links, API keys, buckets, webhooks with their tests and replays, cameras, previews,
    recordings, exports and erasures of a user per minute."""
    max_open_jobs: int = setting("MOODREEL_MAX_OPEN_JOBS", 20)
    """Jobs of a user that have not ended."""
    jobs_per_owner: int = setting("MOODREEL_JOBS_PER_OWNER", JOBS_PER_OWNER)
    """Jobs of a user that run at once; the others are queued."""
    parts_in_flight: int = setting("MOODREEL_PARTS_IN_FLIGHT", PARTS_IN_FLIGHT)
    """Parts of a stage of a job that run at once. DEPLOY.md relates it to `max_instances`."""
    max_storage_mb: int = setting("MOODREEL_MAX_STORAGE_MB", 50_000)
    """Total size of a user's uploads and results."""
    max_cameras: int = setting("MOODREEL_MAX_CAMERAS", 20)
    """Cameras of a user."""
    max_watched_cameras: int = setting("MOODREEL_MAX_WATCHED_CAMERAS", 4)
    """Cameras of a user that are previewed or recorded at once; each holds a recorder instance."""
    max_active_recordings: int = setting("MOODREEL_MAX_ACTIVE_RECORDINGS", 4)
    """Active recordings of a user."""
    max_recording_s: int = setting("MOODREEL_MAX_RECORDING_S", 4 * 3600)
    """Maximum duration of a recording."""
    max_recording_mb: int = setting("MOODREEL_MAX_RECORDING_MB", 5_000)
    """Maximum size of a recording."""
    recording_retention_days: int = setting("MOODREEL_RECORDING_RETENTION_DAYS", 30)
    """How long a recording is kept."""
    max_viewers: int = setting("MOODREEL_MAX_VIEWERS", 5)
    """Concurrent viewers of the preview of a camera."""
    max_preview_bytes: int = setting("MOODREEL_MAX_PREVIEW_BYTES", 9_000_000)
    """Maximum size of one preview response. A function streams at most 10 MB."""
    max_image_mb: int = setting("MOODREEL_MAX_IMAGE_MB", 16)
    """Maximum size of an uploaded image. The row of the recipe is the upper limit."""
    max_audio_mb: int = setting("MOODREEL_MAX_AUDIO_MB", 16)
    """Maximum size of an uploaded sound track."""
    max_video_mb: int = setting("MOODREEL_MAX_VIDEO_MB", 5_000)
    """Maximum size of an uploaded video."""
    sign_ins_per_address: int = setting("MOODREEL_SIGN_INS_PER_ADDRESS", 10)
    """Sign-in attempts for an address in five minutes."""
    sign_ins_per_client: int = setting("MOODREEL_SIGN_INS_PER_CLIENT", 60)
    """Sign-in attempts of a client, and uses of codes from emails, in five minutes."""
    registrations_per_client: int = setting("MOODREEL_REGISTRATIONS_PER_CLIENT", 20)
    """E-mails (registration, forgotten password) that a client may request per hour. The limit of
    an address is a quarter of that."""
    account_emails_per_hour: int = setting("MOODREEL_ACCOUNT_EMAILS_PER_HOUR", 2_000)
    """E-mails of one kind (registration, forgotten password) that all clients together may request
    per hour. It limits what a flood of made-up addresses costs at the mail server."""
    allow_private_webhooks: bool = setting(
        "MOODREEL_ALLOW_PRIVATE_WEBHOOKS", False, local_only=True
    )
    """Whether webhooks and URLs of inputs may use this machine, private addresses and http."""
    webhook_max_failures: int = setting("MOODREEL_WEBHOOK_MAX_FAILURES", 20)
    """Calls of a webhook that fail in a row, over at least an hour, before it is disabled."""
    max_direct_download_bytes: int = setting("MOODREEL_MAX_DIRECT_DOWNLOAD_BYTES", 8 << 20)
    """Larger results are downloaded from the bucket instead of through a function."""
    receipt_key: str = setting("RECEIPT_KEY", "", secret=True)
    """The Ed25519 key that signs receipts of erasures, 32 bytes in base64."""
    camera_public_key: str = setting("MOODREEL_CAMERA_PUBLIC_KEY", "")
    """The public key that encrypts sources of cameras, 32 bytes in base64."""
    camera_keys: str = setting("CAMERA_KEYS", "", secret=True)
    """The private keys that decrypt them, separated by white space, the current one first."""
    webhook_public_key: str = setting("MOODREEL_WEBHOOK_PUBLIC_KEY", "")
    """The public key that encrypts secrets of webhooks, 32 bytes in base64."""
    webhook_keys: str = setting("WEBHOOK_KEYS", "", secret=True)
    """The private keys that decrypt them, separated by white space, the current one first."""
    fetch_public_key: str = setting("MOODREEL_FETCH_PUBLIC_KEY", "")
    """The public key that encrypts URLs of inputs, 32 bytes in base64."""
    fetch_keys: str = setting("FETCH_KEYS", "", secret=True)
    """The private keys that decrypt them, separated by white space, the current one first."""
    delivery_public_key: str = setting("MOODREEL_DELIVERY_PUBLIC_KEY", "")
    """The public key that encrypts URLs to which results are delivered, 32 bytes in base64."""
    delivery_keys: str = setting("DELIVERY_KEYS", "", secret=True)
    """The private keys that decrypt them, separated by white space, the current one first."""
    customer_buckets_account: str = setting("MOODREEL_CUSTOMER_BUCKETS_ACCOUNT", "")
    """The email address of the service account to which users grant access to their buckets.
    Only the local suite has none."""
    backup_retention_days: int = setting("MOODREEL_BACKUP_RETENTION_DAYS", 14)
    """How long soft-deleted objects and backups keep deleted data."""
    recorder_task_s: int = setting("MOODREEL_RECORDER_TASK_S", 420)
    """How long one invocation holds a camera before the next one takes over. At most the timeout of
    the row."""
    max_segment_s: int = setting("MOODREEL_MAX_SEGMENT_S", 60)
    """Maximum duration of a segment, which a crash may lose."""
    max_segment_mb: int = setting("MOODREEL_MAX_SEGMENT_MB", 64)
    """Maximum size of a segment."""
    camera_networks: tuple[str, ...] = setting("MOODREEL_CAMERA_NETWORKS", (), networks)
    """Private networks, such as 10.1.0.0/16, in which cameras are allowed, separated by commas."""
    allow_camera_devices: bool = setting("MOODREEL_ALLOW_CAMERA_DEVICES", False, local_only=True)
    """Whether cameras of this machine may be requested. The recorder has no reader for them yet and
    reports an error."""
    source_give_up_s: int = setting("MOODREEL_SOURCE_GIVE_UP_S", 300)
    """How long an unavailable camera is retried before its recording fails."""
    source_stall_s: int = setting("MOODREEL_SOURCE_STALL_S", 10)
    """A camera without a packet for this long counts as unavailable."""

    @property
    def media_url(self) -> str:
        """URL of the function `downloads`, or that of the API where both have one."""
        return self.downloads_url or self.public_url

    def bucket_name(self, role: Bucket) -> str:
        """Returns the name of a bucket."""
        return self.buckets[role]

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Settings:
        """Reads the settings from `env`, by default the environment of the process. Raises
        ConfigurationError, which names all missing settings."""
        env = os.environ if env is None else env
        if not env.get("MOODREEL_PROJECT") and env.get("GOOGLE_CLOUD_PROJECT"):
            # The variable that Google's client libraries read.
            env = {**env, "MOODREEL_PROJECT": env["GOOGLE_CLOUD_PROJECT"]}
        local = env.get("MOODREEL_LOCAL") == "1"
        variables = dict(list_variables(cls))
        needed = [variable.name for variable in variables.values() if variable.is_required]
        needed += BUCKET_VARIABLES.values()
        check_present(env, [*needed, *(LOCAL_VARIABLES if local else ())])
        check_emulator_variables(env, local=local)
        buckets = {role: env[name] for role, name in BUCKET_VARIABLES.items()}
        values: dict[str, Any] = {"buckets": buckets}
        for name, variable in variables.items():
            values[name] = variable.read(env, values, local=local)
        settings = cls(**values)
        check_traces(settings.traces, local=local)
        return settings
