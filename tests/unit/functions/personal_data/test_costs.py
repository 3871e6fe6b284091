"""The cost of an erasure grows with the data of its user, not with what others have."""

from __future__ import annotations

from typing import Any

from functions.api.rate_limits import Policy, consume
from functions.personal_data.user_data import UserData
from shared.privacy.limit_counters import hash_key
from tests.fakes.job_store import MemoryJobStore
from tests.unit.functions.api.test_rate_limits import ManualClock, make_request

ADDRESS = "alice@moodreel.test"


def make_user_data(store: Any, **fields: Any) -> UserData:
    defaults: dict[str, Any] = {
        "request_id": "e" * 20,
        "limit_hashes": [hash_key(ADDRESS)],
        "created_before": None,
    }
    return UserData(store, None, "alice", **(defaults | fields))  # type: ignore[arg-type]


def test_erasure_does_not_read_the_limits_of_others() -> None:
    """Anonymous sign-in attempts create a counter for each address."""
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
    assert store.documents_read < 20, f"{store.documents_read} documents were read for one hit"
