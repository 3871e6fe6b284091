"""The work of one job of each recipe as steps: units, their seconds and their calls.

Seconds, deliveries and written objects are those of `infra.tools.costs.TYPICAL_JOBS`. A stage with
more than one delivery has a join. Only the total of a stage was measured, so the seconds are
divided: a join takes JOIN_S or its equal share, whichever is less, and the parts take the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from infra.tools.costs import RECOGNITION_REQUEST_S, TYPICAL_JOBS, StageWork
from shared.pipeline import FUNCTIONS, Bucket

JOIN_S = 0.25
SENTENCES_PER_SLIDE = 3
"""One Text-to-Speech request each. The prompt of slide_generation asks for 2 to 4."""
REQUESTS_PER_MINUTE_OF_SPEECH = 60 / RECOGNITION_REQUEST_S
"""Of Speech-to-Text."""
WRITES_PER_UNIT = 6.7
"""Firestore writes: mean of 100 jobs in `tests.fakes.load`, renewals of leases included."""
TIMED_WRITES_PER_UNIT = 4.0
"""Of them to a document of a unit, whose `next_check_at` is indexed: admission, claim, renewals and
commit."""
PUBLISHES_PER_UNIT = 1.1
"""Mean of the same simulation."""
MESSAGE_MB = 0.001
"""Pub/Sub counts at least 1 kB per request."""
READS_PER_UNIT = 4.0
"""Objects or ranges read: an estimate. An input video is read in 1 MiB blocks."""

Calls = tuple[tuple[str, float], ...]
"""Pairs of a rate limit and the amount that one unit takes of it."""


@dataclass(frozen=True, slots=True)
class Step:
    """A stage of a job: `parts` units, then a join if `join_s` is not 0."""

    function: str
    parts: int
    part_s: float
    join_s: float
    part_calls: Calls
    join_calls: Calls

    @property
    def units(self) -> int:
        """The number of units."""
        return self.parts + (self.join_s > 0)

    @property
    def seconds(self) -> float:
        """The seconds of all units together."""
        return self.parts * self.part_s + self.join_s

    def duration_s(self, parts_in_flight: int) -> float:
        """Returns how long the stage takes when nothing waits."""
        rounds = -(-self.parts // parts_in_flight)
        return rounds * self.part_s + self.join_s


def find_work(recipe: str) -> dict[str, StageWork]:
    """Returns the measured work of each stage. Raises ValueError for a recipe that has none."""
    if recipe not in TYPICAL_JOBS:
        raise ValueError(f"no work was measured for recipe {recipe}")
    return dict(TYPICAL_JOBS[recipe][1])


@cache
def list_steps(recipe: str) -> tuple[Step, ...]:
    """Returns the steps of a job, the outcome stage last."""
    return tuple(_to_step(stage, work) for stage, work in find_work(recipe).items())


def _to_step(function: str, work: StageWork) -> Step:
    has_join = work.delivery_count > 1
    join_s = min(JOIN_S, work.seconds / work.delivery_count) if has_join else 0.0
    parts = work.delivery_count - has_join
    base: dict[str, float] = {
        "firestore-writes": WRITES_PER_UNIT,
        "firestore-index": TIMED_WRITES_PER_UNIT,
        "pubsub-publish": PUBLISHES_PER_UNIT * MESSAGE_MB,
        "pubsub-push": PUBLISHES_PER_UNIT * MESSAGE_MB,
    }
    # All of these objects count against one bucket. Uploads go to a bucket of their own, which
    # has the same limit and fewer objects.
    if any(bucket is Bucket.WORK for bucket, _ in FUNCTIONS[function].writes):
        base["gcs-writes"] = work.object_count / work.delivery_count
        base["gcs-reads"] = READS_PER_UNIT
    part = dict(base)
    if function == "text_to_speech":
        part["speech-requests"] = SENTENCES_PER_SLIDE
    if function == "speech_recognition":
        part["recognition-requests"] = REQUESTS_PER_MINUTE_OF_SPEECH
    if function == "slide_generation":
        part["gemini-requests"] = 1
    return Step(
        function, parts, (work.seconds - join_s) / parts, join_s,
        tuple(part.items()), tuple(base.items()),
    )  # fmt: skip
