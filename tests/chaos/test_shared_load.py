"""Many jobs of one owner and few of others, with two instances a function and failing services."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

import pytest

from infra.local.cli import fault
from infra.local.suite.handle import SuiteHandle, wait_until
from shared.runtime.services import Services
from tests.fixtures.suite.owner_load import (
    CheapJobs,
    JobTimes,
    count_open_jobs,
    read_times,
    start_jobs,
)

pytestmark = pytest.mark.suite

INSTANCES = 2
RATE = 0.2
SEED = 18
"""The first call of each service is refused."""
SERVICES = {
    "gcs": "^/(storage|upload|batch)/",
    "tts": "",
    "gemini": "",
    "stt": "",
    "push": "/topics/",
}
"""The services that take fault rules, and the calls that are refused. Of Cloud Storage, uploads by
signed URL have other paths: clients send them."""
MAX_WAIT_UNITS = 6
"""How many units of the large owner may start while a job of a small owner waits for its first."""


@pytest.fixture
def two_instances(suite: SuiteHandle) -> Iterator[None]:
    suite.limit_instances(INSTANCES)
    yield
    suite.limit_instances(None)
    for server in SERVICES:
        fault.clear_rules(suite.layout, server)


@pytest.mark.usefixtures("two_instances")
@pytest.mark.parametrize(
    ("counts", "fault_s", "refusing", "timeout_s"),
    [
        # Few films reach the speech service before the faults end.
        ((27, 1, 1, 1), 15, ("gcs", "push"), 300),
        pytest.param((170, 10, 10, 10), 60, tuple(SERVICES), 1800, marks=pytest.mark.sweep),
    ],
    ids=["30 jobs", "200 jobs"],
)
@pytest.mark.extended
def test_small_owners_do_not_wait_for_a_large_one(
    suite: SuiteHandle,
    services: Services,
    tmp_path: Path,
    counts: Sequence[int],
    fault_s: float,
    refusing: Sequence[str],
    timeout_s: float,
) -> None:
    files, before = CheapJobs.create(tmp_path), delivery_totals(suite)
    started = time.monotonic()
    for server, path in SERVICES.items():
        rule = {"match": {"path_regex": path}, "action": {"status": 503}, "rate": RATE}
        fault.add_rule(suite.layout, server, {**rule, "seed": SEED})
    suite.refuse_emails("451 4.3.0 Try later", count=round(RATE * sum(counts)))
    clients = [suite.client() for _ in counts]
    owners = start_jobs(suite, files, list(zip(clients, counts, strict=True)))
    started_s = time.monotonic() - started
    time.sleep(max(0.0, started + fault_s - time.monotonic()))

    def refused_counts() -> dict[str, int]:
        return {rule["server"]: rule["fired_count"] for rule in suite.list_faults()}

    # On a busy machine, the first calls come after the uploads.
    wait_until(lambda: all(refused_counts()[server] for server in refusing), "refused calls")
    refused = refused_counts()
    for server in SERVICES:
        fault.clear_rules(suite.layout, server)
    job_ids = [job_id for ids in owners for job_id in ids]
    wait_until(
        lambda: count_open_jobs(services, job_ids) == 0, "all jobs to end", timeout_s, interval_s=2
    )
    elapsed_s = time.monotonic() - started
    for client, count in zip(clients, counts, strict=True):
        address = client.user.email
        wait_until(lambda a=address, n=count: len(suite.list_emails(a)) >= n, "e-mails", timeout_s)  # type: ignore[misc]
    large, *small = [read_times(services, ids) for ids in owners]
    of_small = [job for jobs in small for job in jobs]
    waits = sorted(count_claims(large, job) for job in of_small)
    deliveries = Counter(delivery_totals(suite))
    deliveries.subtract(before)
    print(
        f"{len(job_ids)} jobs in {elapsed_s:.0f} s, uploaded in {started_s:.0f} s; "
        f"refused calls {refused}; {dict(deliveries)}; "
        f"units {sum(len(job.claims) for job in [*large, *of_small])}, "
        f"attempts {sum(job.attempts for job in [*large, *of_small])}; a small owner's job waits "
        f"for {median(waits)} units of the large owner (median), {waits[-1]} (max), "
        f"{median(wait_s(job) for job in of_small):.1f} s (median), "
        f"{max(map(wait_s, of_small)):.1f} s (max); {ended_after(large, of_small)} of "
        f"{len(large)} jobs of the large owner end after the last one of a small owner"
    )

    assert Counter(job.status for job in [*large, *of_small]) == {"done": len(job_ids)}
    assert median(waits) <= MAX_WAIT_UNITS
    assert ended_after(large, of_small) >= len(large) // 2


def count_claims(jobs: Sequence[JobTimes], job: JobTimes) -> int:
    """Returns how many units of `jobs` were claimed while `job` waited for its first claim."""
    return sum(job.ready_at < claim < job.first_claim for other in jobs for claim in other.claims)


def wait_s(job: JobTimes) -> float:
    """Returns the seconds that a job waited for its first claim."""
    return (job.first_claim - job.ready_at).total_seconds()


def ended_after(jobs: Sequence[JobTimes], others: Sequence[JobTimes]) -> int:
    """Returns how many of `jobs` ended after all `others`."""
    last = max(job.ended_at for job in others)
    return sum(job.ended_at > last for job in jobs)


def delivery_totals(suite: SuiteHandle) -> dict[str, int]:
    """Returns the delivery counts of all functions together."""
    totals: Counter[str] = Counter()
    for counts in suite.read_delivery_counts().values():
        totals.update(counts)
    return dict(totals)
