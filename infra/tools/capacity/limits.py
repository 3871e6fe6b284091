"""Limits of the deployment and Google's default quotas, each with its source.

`verified` means that the value is on a page of Google, read in November 2026. Other values are
observations or estimates, and differ between projects: set your project's with `--limit`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from shared.pipeline import JOBS_PER_OWNER, PARTS_IN_FLIGHT, PIPELINE_STAGES

_VARIABLES = Path(__file__).parents[2] / "terraform" / "variables.tf"


class LimitKind(StrEnum):
    """How the simulation applies a limit."""

    INSTANCES = "instances"
    """Instances of one function."""
    REGION_CPU = "region-cpu"
    """vCPUs of the running instances of all functions."""
    REGION_MEMORY = "region-memory"
    """GiB of memory of the running instances of all functions."""
    OWNER = "owner"
    """Running jobs of one owner."""
    RATE = "rate"
    """Requests or MB per `per_s` seconds. A unit that exceeds it waits and keeps its instance."""
    STATIC = "static"
    """Not simulated; `note` states why it cannot bind first."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit.

    Attributes:
        name: Its name for `--limit NAME=VALUE`.
        title: What is limited.
        value: The default, in `unit`.
        source: Where the value comes from.
        how_to_raise: What an operator does; "" when it cannot be raised.
        per_s: A rate is `value` per this many seconds.
        growth: A rate grows by this factor every `growth_s` seconds of sustained load.
    """

    name: str
    kind: LimitKind
    title: str
    value: float
    unit: str
    source: str
    verified: bool
    how_to_raise: str
    note: str = ""
    per_s: float = 1
    growth: float = 1
    growth_s: float = 0


def read_max_instances() -> int:
    """Returns the default of the Terraform variable `max_instances`. Raises ValueError if there is
    none."""
    block = re.search(r'variable "max_instances" {.*?\n}', _VARIABLES.read_text(), re.DOTALL)
    default = re.search(r"default\s*=\s*(\d+)", block[0]) if block else None
    if default is None:
        raise ValueError(f"{_VARIABLES.name} has no default of max_instances")
    return int(default[1])


_RUN = "https://docs.cloud.google.com/run/quotas"
_EXAMPLE = "https://github.com/googlecodelabs/feedback/issues/1856"
_QUOTA = "a quota increase of `run.googleapis.com`, *{} allocation, per project per region*"
_GCS = "https://docs.cloud.google.com/storage/docs/request-rate"
_FIRESTORE = "https://cloud.google.com/firestore/docs/best-practices"
_FIRESTORE_QUOTAS = "https://cloud.google.com/firestore/quotas"
_PUBSUB = "https://cloud.google.com/pubsub/quotas"
_STT = "https://docs.cloud.google.com/speech-to-text/docs/quotas"
_TTS = "https://docs.cloud.google.com/text-to-speech/quotas"
_CONSOLE = "a quota increase in the console (*IAM & Admin → Quotas*)"
_SLOWLY = "cannot be raised at once: it grows with sustained load"


def instances_limit(function: str) -> str:
    """Returns the name of the limit on the instances of a function."""
    return f"instances:{function}"


def list_limits() -> tuple[Limit, ...]:
    """Returns all limits with their default values."""
    max_instances = read_max_instances()
    return (
        *(
            Limit(
                instances_limit(name), LimitKind.INSTANCES, f"instances of `{name}`",
                max_instances, "instances", "infra/terraform/variables.tf", True,
                "Terraform variable `max_instances`, at most 1,000. `max_instances` × vCPU and × "
                "memory must fit the region's limits, or Cloud Run rejects the deployment",
            )
            for name in PIPELINE_STAGES
        ),
        Limit(
            "region-cpu", LimitKind.REGION_CPU, "Cloud Run, vCPU per region", 20, "vCPU", _RUN,
            False, _QUOTA.format("total CPU"),
            note="Google publishes no default. New projects report `CpuAllocPerProjectRegion "
            f"allowed: 20000` (milli-vCPU, [example]({_EXAMPLE})), others more",
        ),
        Limit(
            "region-memory", LimitKind.REGION_MEMORY, "Cloud Run, memory per region", 40, "GiB",
            _RUN, False, _QUOTA.format("total memory"),
            note="Google publishes no default. New projects report `MemAllocPerProjectRegion "
            f"allowed: 42949672960` (bytes, [example]({_EXAMPLE}))",
        ),
        Limit(
            "running-jobs", LimitKind.OWNER, "running jobs per owner", JOBS_PER_OWNER,
            "jobs", "shared/cloud_function.py", True,
            f"only with more instances: × {PARTS_IN_FLIGHT} parts in flight is at most half of a "
            "function's instances, so that nobody waits for one owner",
        ),
        Limit(
            "gcs-writes", LimitKind.RATE, "Cloud Storage, objects written per bucket", 1000,
            "per second", _GCS, True, _SLOWLY, growth=2, growth_s=1200,
        ),
        Limit(
            "gcs-reads", LimitKind.RATE, "Cloud Storage, objects read per bucket", 5000,
            "per second", _GCS, True, _SLOWLY, growth=2, growth_s=1200,
        ),
        Limit(
            "firestore-writes", LimitKind.RATE, "Firestore, writes to new key ranges (500/50/5)",
            500, "per second", _FIRESTORE, True, _SLOWLY, growth=1.5, growth_s=300,
            note="a recommendation: above it writes become slow and return ABORTED",
        ),
        Limit(
            "firestore-index", LimitKind.RATE,
            "Firestore, writes to a collection group with an indexed time", 500, "per second",
            _FIRESTORE_QUOTAS, True, "cannot be raised; an index without the time would lift it",
            note="a soft limit. `units` has an index on `next_check_at`",
        ),
        Limit(
            "pubsub-publish", LimitKind.RATE, "Pub/Sub, published per region", 50, "MB per second",
            _PUBSUB, True, _CONSOLE,
            note="small regions; 200 MB/s or more in large ones such as europe-west1",
        ),
        Limit(
            "pubsub-push", LimitKind.RATE, "Pub/Sub, pushed per region", 20, "MB per second",
            _PUBSUB, False, _CONSOLE, note="an earlier version of the page, for large regions",
        ),
        Limit(
            "speech-requests", LimitKind.RATE, "Text-to-Speech, requests", 1000, "per minute", _TTS,
            True, _CONSOLE, note="Chirp 3 voices: 200 (`Chirp3RequestsPerMinutePerProject`)",
            per_s=60,
        ),
        Limit(
            "recognition-requests", LimitKind.RATE, "Speech-to-Text, requests per region", 300,
            "per minute", _STT, False, _CONSOLE, note="an earlier version of the page", per_s=60,
        ),
        Limit(
            "gemini-requests", LimitKind.RATE, "Gemini, requests", 1000, "per minute",
            "https://ai.google.dev/gemini-api/docs/rate-limits", False,
            "a higher tier of the Developer API; Provisioned Throughput on Vertex AI",
            note="Gemini Developer API, tier 1, an earlier Flash model. Vertex AI shares its "
            "capacity among customers and publishes no rate",
            per_s=60,
        ),
        Limit(
            "document-writes", LimitKind.STATIC, "Firestore, sustained writes per document", 1,
            "per second", _FIRESTORE_QUOTAS, False, "",
            note="an earlier version of the page; now the rate depends on the work. A stage's "
            "documents take the commits of one job only: bursts, which Firestore permits",
        ),
        Limit(
            "push-window", LimitKind.STATIC, "Pub/Sub, outstanding pushes per subscription", 3000,
            "messages", "https://cloud.google.com/pubsub/docs/push", True, "",
            note="above the instances × concurrency of every function",
        ),
        Limit(
            "speech-characters", LimitKind.STATIC, "Text-to-Speech, bytes per request", 5000,
            "bytes", _TTS, True, "",
            note="sentences are split below it. Google publishes no limit of characters per minute",
        ),
        Limit(
            "function-instances", LimitKind.STATIC, "Cloud Run functions, instances by default", 20,
            "instances", "https://docs.cloud.google.com/run/docs/configuring/max-instances-limits",
            True, "",
            note="the region's vCPU or memory divided by the function's, here 20 vCPU by 1 vCPU. "
            "Terraform always sets `max_instances`",
        ),
    )  # fmt: skip


LIMITS: dict[str, Limit] = {limit.name: limit for limit in list_limits()}
SIMULATED: tuple[str, ...] = tuple(
    limit.name for limit in LIMITS.values() if limit.kind is not LimitKind.STATIC
)
