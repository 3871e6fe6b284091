"""Settings: the only reader of the environment. Everything missing is named at once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.domain.pipeline import Bucket
from shared.errors import ConfigurationError

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
    local: bool = False
    """True under the local suite: emulators answer instead of Google, and faults may be set."""
    signer_key: str | None = None
    """Path of a service account key for signing. None in the cloud: IAM signs there."""
    account: str = ""
    """Local only: the account id that this function has in the cloud, for whoever looks on."""
    smtp_url: str = field(default="", repr=False)
    """smtp[s]://user:password@host:port; secret."""
    mail_from: str = "Moodreel <noreply@localhost>"
    origins: tuple[str, ...] = ()
    """Browser origins that may call the API."""
    max_frames: int = 100_000
    max_duration_s: int = 4 * 3600
    jobs_kept_days: int = 30
    links_valid_days: int = 7
    models_dir: str = ""
    """A folder with model files, looked into first; "" for none."""
    models_cache: str = ""
    """A folder in which fetched model files are kept. "" for none: /tmp is memory in the cloud."""
    allow_medical_safety: bool = False
    """Whether emotions at work and in education may be scored for a purpose that speaks of
    medicine or safety: the operator vouches for the exception of the EU AI Act, art. 5(1)(f)."""
    crash_dir: str = ""
    """Local only: a folder in which a file named `point.stage.job` ends a process there, once."""
    auth_emulator: str = ""
    """host:port of the Auth emulator, local only."""
    tts_endpoint: str = ""
    """Local only: URL of the Text-to-Speech stand-in; "" is the real service."""
    gemini_api_key: str = field(default="", repr=False)
    """Secret."""
    gemini_endpoint: str = ""
    """Local only: URL of the Gemini stand-in; "" is the real service."""
    traces: str = ""
    """Where spans go: "" nowhere, "cloud" into Cloud Trace, under the local suite a folder."""
    slide_model: str = "gemini-flash-latest"
    """Which Gemini model writes decks."""
    slide_model_client: str = "google-generativeai"
    """Which library asks it: google-generativeai or google-genai."""

    def bucket(self, role: Bucket) -> str:
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
        return cls(
            project=env["MOODREEL_PROJECT"],
            buckets={role: env[f"MOODREEL_BUCKET_{role.upper()}"] for role in Bucket},
            public_url=env["MOODREEL_PUBLIC_URL"].rstrip("/"),
            local=local,
            signer_key=env.get("MOODREEL_SIGNER_KEY") if local else None,
            account=env.get("MOODREEL_ACCOUNT", "") if local else "",
            smtp_url=env.get("SMTP_URL", ""),
            mail_from=env.get("MOODREEL_MAIL_FROM", cls.mail_from),
            origins=tuple(filter(None, env.get("MOODREEL_ORIGINS", "").split(","))),
            max_frames=_whole(env, "MOODREEL_MAX_FRAMES", cls.max_frames),
            max_duration_s=_whole(env, "MOODREEL_MAX_DURATION_S", cls.max_duration_s),
            jobs_kept_days=_whole(env, "MOODREEL_JOBS_KEPT_DAYS", cls.jobs_kept_days),
            links_valid_days=_whole(env, "MOODREEL_LINKS_VALID_DAYS", cls.links_valid_days),
            models_dir=env.get("MODELS_DIR", ""),
            models_cache=env.get("MOODREEL_MODELS_CACHE", ""),
            allow_medical_safety=env.get("MOODREEL_ALLOW_MEDICAL_SAFETY") == "1",
            crash_dir=env.get("MOODREEL_CRASH_DIR", "") if local else "",
            auth_emulator=env.get("FIREBASE_AUTH_EMULATOR_HOST", "") if local else "",
            tts_endpoint=env.get("MOODREEL_TTS_ENDPOINT", "") if local else "",
            gemini_api_key=env.get("GEMINI_API_KEY", ""),
            gemini_endpoint=env.get("MOODREEL_GEMINI_ENDPOINT", "") if local else "",
            traces=_traces(env.get("MOODREEL_TRACES", ""), local=local),
            slide_model=env.get("MOODREEL_SLIDE_MODEL") or cls.slide_model,
            slide_model_client=env.get("MOODREEL_SLIDE_MODEL_CLIENT") or cls.slide_model_client,
        )


def _traces(where: str, *, local: bool) -> str:
    if where and (where == "cloud") == local:
        raise ConfigurationError(
            f"MOODREEL_TRACES is {where!r}; it is empty, `cloud` in the cloud, or a local folder."
        )
    return where


def _whole(env: Mapping[str, str], name: str, default: int) -> int:
    text = env.get(name, "")
    if not text:
        return default
    if not text.isdigit() or int(text) < 1:
        raise ConfigurationError(f"{name} must be a whole number above 0, not {text!r}.")
    return int(text)
