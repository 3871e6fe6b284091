"""The cost of an erasure grows with the data of its user, not with what others have, and each step
is bounded."""

from __future__ import annotations

from typing import Any

import pytest

from functions.personal_data.user_data import UserData
from shared.cameras.recording import recording_path
from shared.flows.documents import Create
from shared.http.limits.policy import Policy
from shared.http.limits.rate_limits import consume
from shared.pipeline import Bucket
from shared.privacy.data_requests import OWNED_COLLECTIONS, new_erasure
from shared.privacy.limit_counters import hash_key
from shared.runtime.leases import Lease
from tests.fakes.clock import ManualClock
from tests.fakes.job_store import MemoryJobStore
from tests.fixtures.personal_data import PersonalDataHarness
from tests.unit.functions.api.test_rate_limits import make_request

ADDRESS = "alice@moodreel.test"


def make_user_data(store: Any, **fields: Any) -> UserData:
    defaults: dict[str, Any] = {
        "request_id": "e" * 20,
        "limit_hashes": [hash_key(ADDRESS)],
        "created_before": None,
    }
    return UserData(store, None, "alice", **(defaults | fields))  # type: ignore[arg-type]


def test_erasure_does_not_read_the_limits_of_others() -> None:
    request = make_request(ManualClock())
    store = request.services.store
    assert isinstance(store, MemoryJobStore)
    policy = Policy("sign-ins", 5, 60, "Wait.")
    consume(request, policy, ADDRESS)
    for n in range(2000):
        consume(request, policy, f"{n}@anybody.test")

    store.documents_read = 0
    paths = list(make_user_data(store).list_other_documents(second_pass=False))

    [path] = paths
    assert hash_key(ADDRESS) in path
    # One for each query, and the one hit.
    assert store.documents_read <= len(OWNED_COLLECTIONS) + 6, (
        f"{store.documents_read} documents were read for one hit"
    )


def test_steps_stop_at_their_deadline_with_many_recordings(
    harness: PersonalDataHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With 120 recordings and a deadline after 50 listings."""
    harness.store.commit(
        [
            Create(
                recording_path(f"{n:020d}"),
                {"owner": "alice", "created_at": harness.clock.now(), "clip": None},
            )
            for n in range(120)
        ]
    )
    listings = [0]
    real = harness.objects.list_objects

    def listed(bucket: Bucket, prefix: str, **page: Any) -> Any:
        listings[-1] += 1
        return real(bucket, prefix, **page)

    harness.objects.list_objects = listed  # type: ignore[method-assign]
    monkeypatch.setattr(Lease, "should_stop", lambda _: listings[-1] > 50)
    request = new_erasure("e" * 20, "alice", account=True, now=harness.clock.now())
    harness.store.commit([request])
    while harness.store.documents[request.path][0]["state"] in ("open", "leased"):
        listings.append(0)
        harness.deliver_request("e" * 20)
        assert len(listings) < 60, "the erasure makes no progress"

    assert harness.store.documents[request.path][0]["state"] == "done"
    # A job is removed as a whole.
    assert max(listings) < 120, f"listings of each step: {listings}"
