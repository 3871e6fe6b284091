"""Costs of a hundred jobs of each recipe on Google Cloud, from the table and measured work.

Seconds are from the spans (`./emulator.sh trace`) of one typical job each on a machine with two
cores; memory and vCPU are from the table, prices from `shared.pricing.prices`. Decks by Gemini are
not included: it charges by tokens with every API and credential. Text-to-Speech, Speech-to-Text,
pictures by Gemini and the caches of owners have sentences of their own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shared.pipeline import FUNCTIONS, RECIPES
from shared.pricing.job_cost import compute_usd
from shared.pricing.prices import (
    CLASS_A_OPERATION,
    DOCUMENT_WRITE,
    PICTURE_TOKEN,
    RECOGNITION_SECOND,
    REQUEST,
    SENT_GIB,
    SPEECH,
    STORED_GB_MONTH,
)
from shared.recipes.films.deck_pictures import MAX_DRAWINGS
from shared.recipes.films.voice_samples import MAX_SAMPLE_CHARS
from shared.runtime.settings import Settings

API_REQUESTS_PER_JOB = 30
"""Requests of a user for one job: create, upload, status, download."""
API_REQUEST_S = 0.02
JOB_COUNT = 100
SPEECH_CHARACTERS = 8 * 300
"""The narration of eight slides: three sentences of a hundred characters each."""
# https://docs.cloud.google.com/gemini-enterprise-agent-platform/models/gemini/3-1-flash-image, read
# in November 2026. The prompt, of 300 tokens, costs $0.0002.
PICTURE_TOKENS = 1120
"""The output of one picture of a megapixel."""
CACHED_MB: Mapping[str, float] = {"slides": 2.6, "speech": 3.4, "scenes and film": 2.7}
"""What the caches of an owner keep of the `presentation` below, in 10⁶ bytes: eight slides of 720p
with 86 s of speech, measured in November 2026 over the emulators."""
CACHED_OBJECTS = 39
COPY_S_PER_PICTURE = 0.08
"""Decoding and encoding a noisy picture of 1080p for a copy, measured on a busy machine."""
FETCH_S = 0.5
"""Of a fetch, without its bytes."""
FETCH_BYTES_PER_S = 20_000_000
"""A common server; not measured."""
FETCH_PART_BYTES = 32 << 20
FETCH_LIMIT_S = 6 * 3600
COPY_LIMIT_S = 8 * 3600
FETCH_WRITES_PER_S = 0.25
"""The progress every 5 s, and a renewal of the lease every 15 s."""
BURNED_S_PER_MINUTE = {"720p": 39, "1080p": 80}
"""CPU seconds of stitching for a minute of video with burned-in captions, 30 pictures a second:
measured in November 2026 on one core."""
RECOGNITION_REQUEST_S = 22
"""The sound of a request of continuous speech: at most 28 s, cut at a pause. Measured with four
minutes of a neural voice."""
VOICE_COUNT = 2_000
"""More voices than the service has, for the cost of their samples."""


@dataclass(frozen=True, slots=True)
class StageWork:
    """The work of a stage for one job: deliveries, their total seconds, objects written."""

    delivery_count: int
    seconds: float
    object_count: int


@dataclass(frozen=True, slots=True)
class Cost:
    """Costs of `JOB_COUNT` jobs, in dollars."""

    compute: float
    requests: float
    objects: float

    @property
    def total(self) -> float:
        """The sum."""
        return self.compute + self.requests + self.objects


MIRROR_S_PER_FACE = 0.0026
"""CPU seconds that option `mirror` adds for each face: 2.5 ms without it and 5.1 ms with it,
measured over the 29 faces of a group photograph (default emotion model, OpenCV 5.0, one thread)."""

# Measured in November 2026; the uploaded object counts for upload_trigger. Of `recap`, stitching
# was measured, as CPU time; the other stages are those of `emotions` and `presentation`.
_NOTIFICATION = StageWork(1, 0.3, 0)
TYPICAL_JOBS: dict[str, tuple[str, Mapping[str, StageWork]]] = {
    "frames": (
        "one minute of 720p video, one frame per second",
        {
            "upload_trigger": StageWork(2, 0.5, 1),
            "frame_extraction": StageWork(2, 8.9, 7),
            "notification": _NOTIFICATION,
        },
    ),
    "emotions": (
        "the same video, one face",
        {
            "upload_trigger": StageWork(2, 0.8, 1),
            "frame_extraction": StageWork(2, 16.5, 7),
            "emotion_scoring": StageWork(2, 9.1 + 60 * MIRROR_S_PER_FACE, 11),
            "notification": _NOTIFICATION,
        },
    ),
    "captions": (
        "the same video, a minute of speech",
        {
            "upload_trigger": StageWork(2, 0.8, 1),
            # Three requests, a window and four results.
            "speech_recognition": StageWork(2, 9.0, 8),
            "notification": _NOTIFICATION,
        },
    ),
    "presentation": (
        "eight slides",
        {
            "upload_trigger": StageWork(2, 0.5, 1),
            "slide_generation": StageWork(2, 2.5, 12),
            "text_to_speech": StageWork(9, 2.6, 22),
            "stitching": StageWork(2, 4.0, 9),
            "notification": _NOTIFICATION,
        },
    ),
    "recap": (
        "the video of `emotions`, a film of one minute with six clips",
        {
            "upload_trigger": StageWork(2, 0.8, 1),
            "frame_extraction": StageWork(2, 16.5, 7),
            "emotion_scoring": StageWork(2, 9.1 + 60 * MIRROR_S_PER_FACE, 11),
            "slide_generation": StageWork(2, 2.5, 12),
            "text_to_speech": StageWork(9, 2.6, 22),
            "stitching": StageWork(2, 37.3, 25),
            "notification": _NOTIFICATION,
        },
    ),
    "still": (
        "one picture with three minutes of sound",
        {
            "upload_trigger": StageWork(3, 0.7, 2),
            "stitching": StageWork(2, 30.3, 4),
            "notification": _NOTIFICATION,
        },
    ),
}


def estimate_cost(work: Mapping[str, StageWork]) -> Cost:
    """Returns the costs of `JOB_COUNT` jobs with this work, including their API requests."""
    rows = [(FUNCTIONS[name], stage) for name, stage in work.items()]
    rows.append(
        (FUNCTIONS["api"], StageWork(API_REQUESTS_PER_JOB, API_REQUESTS_PER_JOB * API_REQUEST_S, 0))
    )
    compute = sum(compute_usd(row.name, stage.seconds) for row, stage in rows)
    requests = sum(stage.delivery_count for _, stage in rows) * REQUEST.usd
    objects = sum(stage.object_count for _, stage in rows) * CLASS_A_OPERATION.usd
    return Cost(compute * JOB_COUNT, requests * JOB_COUNT, objects * JOB_COUNT)


def estimate_mirror_cost(face_count: int) -> float:
    """Returns the dollars that option `mirror` adds for this many faces, one per frame."""
    return compute_usd("emotion_scoring", face_count * MIRROR_S_PER_FACE)


def estimate_speech_cost(technology: str, characters: int) -> float:
    """Returns the dollars for speech of this length. Raises KeyError for an unknown technology."""
    return SPEECH[technology].usd * characters


def estimate_picture_cost(count: int) -> float:
    """Returns the dollars for this many pictures that Gemini draws for slides."""
    return count * PICTURE_TOKENS * PICTURE_TOKEN.usd


def estimate_fetch_cost(size_bytes: int) -> float:
    """Returns the dollars for fetching one file of this size from a URL. Bytes that arrive are
    free, and so are copies between buckets of one region."""
    parts = max(1, -(-size_bytes // FETCH_PART_BYTES))
    groups = -(-parts // 32) + 1 if parts > 1 else 0
    objects = parts + groups + 1
    seconds = FETCH_S + size_bytes / FETCH_BYTES_PER_S
    return (
        compute_usd("input_fetch", seconds)
        + REQUEST.usd
        + objects * CLASS_A_OPERATION.usd
        + FETCH_WRITES_PER_S * seconds * DOCUMENT_WRITE.usd
    )


def estimate_delivery_cost(size_bytes: int, *, to_urls: bool = True) -> float:
    """Returns the dollars for delivering one result of this size: to a URL on the Internet, or to a
    bucket of the same region, which Cloud Storage copies without moving bytes."""
    seconds = FETCH_S + (size_bytes / FETCH_BYTES_PER_S if to_urls else 0)
    return (
        compute_usd("result_delivery", seconds)
        + REQUEST.usd
        + CLASS_A_OPERATION.usd
        + FETCH_WRITES_PER_S * seconds * DOCUMENT_WRITE.usd
        + (size_bytes / (1 << 30) * SENT_GIB.usd if to_urls else 0)
    )


def _describe_deliveries() -> str:
    to_urls = JOB_COUNT * estimate_delivery_cost(100_000_000)
    to_buckets = JOB_COUNT * estimate_delivery_cost(100_000_000, to_urls=False)
    return (
        f"Results to URLs: ${to_urls:.2f} for {JOB_COUNT} results of 100 MB, nearly all of it for "
        f"bytes that are sent to the Internet; to buckets of the same region ${to_buckets:.4f}. "
        "Copies from and to buckets of other locations cost what Cloud Storage charges for it."
    )


def _describe_fetches() -> str:
    return (
        f"Inputs from URLs: ${JOB_COUNT * estimate_fetch_cost(100_000_000):.2f} for {JOB_COUNT} "
        f"files of 100 MB, ${JOB_COUNT * estimate_fetch_cost(5_000_000_000):.2f} for 5 GB each, "
        f"at {FETCH_BYTES_PER_S // 1_000_000} MB/s. A slower server costs more, at most "
        f"${compute_usd('input_fetch', FETCH_LIMIT_S):.2f} for a file, after which the fetch fails."
    )


def estimate_copy_cost(picture_count: int, duration_s: float) -> float:
    """Returns the dollars for the copy in H.264 of a clip of 1080p MJPEG with this many pictures.
    Each piece is an object, and the progress is written every 5 s."""
    seconds = picture_count * COPY_S_PER_PICTURE
    pieces = max(1, round(duration_s / 10))
    return (
        compute_usd("clip_copy", seconds)
        + REQUEST.usd
        + (pieces + 1) * CLASS_A_OPERATION.usd
        + FETCH_WRITES_PER_S * seconds * DOCUMENT_WRITE.usd
    )


def _describe_copies() -> str:
    ten_minutes, hour = (estimate_copy_cost(15 * s, s) for s in (600, 3600))
    return (
        f"Copies of MJPEG clips for browsers: ${JOB_COUNT * ten_minutes:.2f} for {JOB_COUNT} clips "
        f"of ten minutes of 1080p with 15 pictures a second, ${JOB_COUNT * hour:.2f} for one hour "
        f"each; at most ${compute_usd('clip_copy', COPY_LIMIT_S):.2f} for a clip, after which the "
        "copy fails."
    )


def cache_days() -> int:
    """Returns how long the caches of owners are kept."""
    storage = json.loads((Path(__file__).parents[1] / "storage.json").read_text())
    return int(storage["buckets"]["work"]["kept_days"]["cache/"])


def estimate_cache_cost() -> float:
    """Returns the dollars for writing and keeping what the caches hold of one `presentation`."""
    months = cache_days() * 12 / 365
    stored = sum(CACHED_MB.values()) / 1000 * STORED_GB_MONTH.usd * months
    return stored + CACHED_OBJECTS * CLASS_A_OPERATION.usd


def _describe_cache() -> str:
    sizes = ", ".join(f"{size} MB of {name}" for name, size in CACHED_MB.items())
    return (
        f"The caches keep {sizes} of a `presentation` for {cache_days()} days, which costs "
        f"${JOB_COUNT * estimate_cache_cost():.2f} for {JOB_COUNT} different films in addition. "
        "The same film again costs neither drawing, nor speech, nor encoding."
    )


def _describe_pictures() -> str:
    return (
        f"Pictures by Gemini (`MOODREEL_ILLUSTRATOR=gemini`, off by default): "
        f"${estimate_picture_cost(1):.3f} each, so at most "
        f"${estimate_picture_cost(MAX_DRAWINGS):.2f} for a film and "
        f"${estimate_picture_cost(MAX_DRAWINGS * JOB_COUNT):.0f} for {JOB_COUNT} films with "
        f"{MAX_DRAWINGS} pictures that are not cached."
    )


def estimate_recognition_cost(sound_s: float) -> float:
    """Returns the dollars for the recognition of a sound. Pauses of two seconds are not sent, and
    each begun second of a request is billed."""
    begun_s = sound_s / RECOGNITION_REQUEST_S / 2
    return RECOGNITION_SECOND.usd * (sound_s + begun_s)


def _describe_recognition() -> str:
    burned = ", ".join(
        f"${compute_usd('stitching', JOB_COUNT * seconds):.2f} at {name}"
        for name, seconds in BURNED_S_PER_MINUTE.items()
    )
    return (
        f"Speech-to-Text for {JOB_COUNT} `captions` of a minute of speech: "
        f"${estimate_recognition_cost(JOB_COUNT * 60):.2f}; for an hour of speech: "
        f"${estimate_recognition_cost(3600):.2f}. Silence costs nothing; loud noise "
        f"is taken for speech. Burned-in captions of {JOB_COUNT} minutes of video: {burned}."
    )


def _describe_speech() -> str:
    cached = VOICE_COUNT * MAX_SAMPLE_CHARS
    prices = (
        f"${estimate_speech_cost(name, JOB_COUNT * SPEECH_CHARACTERS):.2f} with {name}"
        for name in SPEECH
    )
    most = max(estimate_speech_cost(name, cached) for name in ("Neural2", "Chirp3-HD"))
    preferred = next(name for name in Settings.voice_preference if name in SPEECH)
    return (
        f"Text-to-Speech for {JOB_COUNT} `presentation` of {SPEECH_CHARACTERS:,} characters that "
        f"are not cached: {', '.join(prices)} voices. Without a voice in the job, {preferred} "
        "speaks where a language has it (`MOODREEL_VOICE_PREFERENCE`). Samples of all voices "
        f"(`GET /v1/voices/{{voice}}/sample`) together cost at most ${most:.2f} until they expire."
    )


def render_table() -> str:
    """Returns one row per recipe in TYPICAL_JOBS. Raises ValueError for an unknown recipe."""
    lines = [
        f"| recipe | a typical job | compute | requests | objects written | {JOB_COUNT} jobs |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    for recipe, (description, work) in TYPICAL_JOBS.items():
        if recipe not in RECIPES:
            raise ValueError(f"there is no recipe {recipe}")
        cost = estimate_cost(work)
        amounts = " | ".join(f"${usd:.3f}" for usd in (cost.compute, cost.requests, cost.objects))
        lines.append(f"| `{recipe}` | {description} | {amounts} | **${cost.total:.2f}** |")
    lines += [
        "",
        "`emotions` includes option `mirror`: "
        f"${estimate_mirror_cost(10_000):.4f} for 10,000 faces.",
        "",
        _describe_speech(),
        "",
        _describe_pictures(),
        "",
        _describe_cache(),
        "",
        _describe_recognition(),
        "",
        _describe_fetches(),
        "",
        _describe_deliveries(),
        "",
        _describe_copies(),
    ]
    return "\n".join(lines)
