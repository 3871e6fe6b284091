"""What a hundred jobs of each recipe cost on Google Cloud, out of the table and measured work.

The seconds are those of spans (`./emulator.sh trace`) of one typical job each on a machine with two
cores; memory and vCPU are the table's. Prices in US dollars, tier 1 regions, without free tiers.
Gemini and Text-to-Speech are not in it: they charge by tokens and characters, whichever API and
credentials are used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.pipeline import RECIPES, STAGES

# https://cloud.google.com/functions/pricing, https://cloud.google.com/storage/pricing
VCPU_S = 0.000024
GIB_S = 0.0000025
REQUEST = 0.40 / 1e6
CLASS_A = 5.0 / 1e6
"""One object written, listed or composed."""
API_REQUESTS = 30
"""Of a person: creating, uploading, looking, downloading."""
API_REQUEST_S = 0.02
JOBS = 100


@dataclass(frozen=True, slots=True)
class Work:
    """What a stage does for one job: deliveries, seconds of all of them, objects written."""

    deliveries: int
    seconds: float
    objects: int


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


MIRROR_S = 0.0026
"""CPU seconds that option `mirror` adds for each face: 2.5 ms without it and 5.1 ms with it,
measured over the 29 faces of a group photograph (default emotion model, OpenCV 5.0, one thread)."""

# Measured in November 2026; the object that a person uploads counts for upload_trigger.
_TOLD = Work(1, 0.3, 0)
TYPICAL: dict[str, tuple[str, Mapping[str, Work]]] = {
    "frames": (
        "a minute of 720p video, a frame a second",
        {
            "upload_trigger": Work(2, 0.5, 1),
            "frame_extraction": Work(2, 8.9, 7),
            "notification": _TOLD,
        },
    ),
    "emotions": (
        "the same, one face",
        {
            "upload_trigger": Work(2, 0.8, 1),
            "frame_extraction": Work(2, 16.5, 7),
            "emotion_scoring": Work(2, 9.1 + 60 * MIRROR_S, 11),
            "notification": _TOLD,
        },
    ),
    "presentation": (
        "eight slides",
        {
            "upload_trigger": Work(2, 0.5, 1),
            "slide_generation": Work(2, 2.5, 12),
            "text_to_speech": Work(9, 2.6, 22),
            "stitching": Work(2, 4.0, 9),
            "notification": _TOLD,
        },
    ),
    "still": (
        "a picture under three minutes of sound",
        {
            "upload_trigger": Work(3, 0.7, 2),
            "stitching": Work(2, 30.3, 4),
            "notification": _TOLD,
        },
    ),
}


def cost(work: Mapping[str, Work]) -> Cost:
    """Of `JOBS` jobs that do this work, with the API requests of a person each."""
    rows = [(STAGES[name], done) for name, done in work.items()]
    rows.append((STAGES["api"], Work(API_REQUESTS, API_REQUESTS * API_REQUEST_S, 0)))
    compute = sum(
        done.seconds * (row.vcpu * VCPU_S + row.memory_mb / 1024 * GIB_S) for row, done in rows
    )
    requests = sum(done.deliveries for _, done in rows) * REQUEST
    objects = sum(done.objects for _, done in rows) * CLASS_A
    return Cost(compute * JOBS, requests * JOBS, objects * JOBS)


def mirror_cost(faces: int) -> float:
    """Dollars that option `mirror` adds for this many faces, each in one frame."""
    row = STAGES["emotion_scoring"]
    return faces * MIRROR_S * (row.vcpu * VCPU_S + row.memory_mb / 1024 * GIB_S)


def table() -> str:
    """A row a recipe whose work is known."""
    lines = [
        f"| recipe | a typical job | compute | requests | objects written | {JOBS} jobs |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    for recipe, (what, work) in TYPICAL.items():
        if recipe not in RECIPES:
            raise ValueError(f"there is no recipe {recipe}")
        one = cost(work)
        money = " | ".join(f"${part:.3f}" for part in (one.compute, one.requests, one.objects))
        lines.append(f"| `{recipe}` | {what} | {money} | **${one.total:.2f}** |")
    lines += ["", f"Option `mirror` is in `emotions`: ${mirror_cost(10_000):.4f} for 10,000 faces."]
    return "\n".join(lines)
