"""What a hundred jobs of each recipe cost on Google Cloud, out of the table and measured work.

The seconds are those of spans (`./emulator.sh trace`) of one typical job each on a machine with two
cores; memory and vCPU are the table's. Prices in US dollars, tier 1 regions, without free tiers.
Gemini and Text-to-Speech are not in it: they charge by tokens and characters, whichever API and
credentials are used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.pipeline import FUNCTIONS, RECIPES

# https://cloud.google.com/functions/pricing, https://cloud.google.com/storage/pricing
VCPU_SECOND_USD = 0.000024
GIB_SECOND_USD = 0.0000025
REQUEST_USD = 0.40 / 1e6
CLASS_A_OPERATION_USD = 5.0 / 1e6
"""One object written, listed or composed."""
API_REQUESTS_PER_JOB = 30
"""Of a person: creating, uploading, looking, downloading."""
API_REQUEST_S = 0.02
JOB_COUNT = 100


@dataclass(frozen=True, slots=True)
class StageWork:
    """What a stage does for one job: deliveries, seconds of all of them, objects written."""

    delivery_count: int
    seconds: float
    object_count: int


@dataclass(frozen=True, slots=True)
class Cost:
    """Of `JOBS` jobs, in dollars."""

    compute: float
    requests: float
    objects: float

    @property
    def total(self) -> float:
        """All of it."""
        return self.compute + self.requests + self.objects


MIRROR_S_PER_FACE = 0.0026
"""CPU seconds that option `mirror` adds for each face: 2.5 ms without it and 5.1 ms with it,
measured over the 29 faces of a group photograph (default emotion model, OpenCV 5.0, one thread)."""

# Measured in November 2026; the object that a person uploads counts for upload_trigger.
_TOLD = StageWork(1, 0.3, 0)
TYPICAL_JOBS: dict[str, tuple[str, Mapping[str, StageWork]]] = {
    "frames": (
        "a minute of 720p video, a frame a second",
        {
            "upload_trigger": StageWork(2, 0.5, 1),
            "frame_extraction": StageWork(2, 8.9, 7),
            "notification": _TOLD,
        },
    ),
    "emotions": (
        "the same, one face",
        {
            "upload_trigger": StageWork(2, 0.8, 1),
            "frame_extraction": StageWork(2, 16.5, 7),
            "emotion_scoring": StageWork(2, 9.1 + 60 * MIRROR_S_PER_FACE, 11),
            "notification": _TOLD,
        },
    ),
    "presentation": (
        "eight slides",
        {
            "upload_trigger": StageWork(2, 0.5, 1),
            "slide_generation": StageWork(2, 2.5, 12),
            "text_to_speech": StageWork(9, 2.6, 22),
            "stitching": StageWork(2, 4.0, 9),
            "notification": _TOLD,
        },
    ),
    "still": (
        "a picture under three minutes of sound",
        {
            "upload_trigger": StageWork(3, 0.7, 2),
            "stitching": StageWork(2, 30.3, 4),
            "notification": _TOLD,
        },
    ),
}


def estimate_cost(work: Mapping[str, StageWork]) -> Cost:
    """Of `JOBS` jobs that do this work, with the API requests of a person each."""
    rows = [(FUNCTIONS[name], done) for name, done in work.items()]
    rows.append(
        (FUNCTIONS["api"], StageWork(API_REQUESTS_PER_JOB, API_REQUESTS_PER_JOB * API_REQUEST_S, 0))
    )
    compute = sum(
        done.seconds * (row.vcpu * VCPU_SECOND_USD + row.memory_mb / 1024 * GIB_SECOND_USD)
        for row, done in rows
    )
    requests = sum(done.delivery_count for _, done in rows) * REQUEST_USD
    objects = sum(done.object_count for _, done in rows) * CLASS_A_OPERATION_USD
    return Cost(compute * JOB_COUNT, requests * JOB_COUNT, objects * JOB_COUNT)


def estimate_mirror_cost(face_count: int) -> float:
    """Dollars that option `mirror` adds for this many faces, each in one frame."""
    row = FUNCTIONS["emotion_scoring"]
    return (
        face_count
        * MIRROR_S_PER_FACE
        * (row.vcpu * VCPU_SECOND_USD + row.memory_mb / 1024 * GIB_SECOND_USD)
    )


def render_table() -> str:
    """A row a recipe whose work is known."""
    lines = [
        f"| recipe | a typical job | compute | requests | objects written | {JOB_COUNT} jobs |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    for recipe, (what, work) in TYPICAL_JOBS.items():
        if recipe not in RECIPES:
            raise ValueError(f"there is no recipe {recipe}")
        one = estimate_cost(work)
        money = " | ".join(f"${part:.3f}" for part in (one.compute, one.requests, one.objects))
        lines.append(f"| `{recipe}` | {what} | {money} | **${one.total:.2f}** |")
    lines += [
        "",
        f"Option `mirror` is in `emotions`: ${estimate_mirror_cost(10_000):.4f} for 10,000 faces.",
    ]
    return "\n".join(lines)
