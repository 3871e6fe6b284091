"""Share tokens that an earlier version stored are replaced by their hashes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime

import pytest

from infra.operations import documents
from infra.operations.hash_share_tokens import hash_share_tokens
from shared.capabilities import hash_capability
from shared.flows.documents import CommitResult, Create, Delete, Increment, Update, Write
from tests.fakes.job_store import MemoryJobStore

NOW = datetime(2026, 11, 21, tzinfo=UTC)
TOKENS = [str(digit) * 48 for digit in range(5)]


class Store(MemoryJobStore):
    """Links of the version before, one of them in an email. `changes` is how often the links are
    opened while they are replaced."""

    changes = 0

    def commit(self, writes: Iterable[Write]) -> CommitResult:
        writes = list(writes)
        if self.changes and any(isinstance(write, Delete) for write in writes):
            self.changes -= 1
            path = next(write.path for write in writes if isinstance(write, Delete))
            super().commit([Update(path, {"uses": Increment(1)})])
        return super().commit(writes)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setattr(documents, "PAGE_SIZE", 2)
    store = Store()
    for token in TOKENS:
        store.commit([Create(f"shares/{token}", {"job": "j", "owner": "alice", "uses": 3})])
    for number, token in enumerate((TOKENS[0], "")):
        store.commit([Create(f"mails/{number}", {"token": token, "state": "sent"})])
    return store


def test_tokens_are_replaced_by_their_hashes(store: Store) -> None:
    assert hash_share_tokens(store) == {"shares": 5, "mails": 1}

    stored = json.dumps(store.documents)
    assert not any(token in stored for token in TOKENS)
    shares = {path: data for path, (data, _) in store.documents.items() if path[:6] == "shares"}
    assert shares == {
        f"shares/{hash_capability(token)}": {"job": "j", "owner": "alice", "uses": 3}
        for token in TOKENS
    }
    mail = store.documents["mails/0"][0]
    assert mail == {"token": "", "state": "sent", "share": hash_capability(TOKENS[0])}


def test_repetition_changes_nothing(store: Store) -> None:
    hash_share_tokens(store)
    before = dict(store.documents)

    assert hash_share_tokens(store) == {}
    assert store.documents == before


def test_uses_during_the_operation_are_kept(store: Store) -> None:
    store.changes = 2

    assert hash_share_tokens(store)["shares"] == 5
    uses = sum(data.get("uses", 0) for data, _ in store.documents.values())
    assert uses == 3 * 5 + 2


def test_link_that_changes_all_the_time_is_reported_and_kept(store: Store) -> None:
    store.changes = 5

    assert hash_share_tokens(store)["changed"] == 1
    assert f"shares/{TOKENS[0]}" in store.documents
    assert hash_share_tokens(store) == {"shares": 1}


def test_link_of_an_email_in_progress_is_kept(store: Store) -> None:
    store.commit([Update("mails/0", {"share": "another"})])

    hash_share_tokens(store)
    assert store.documents["mails/0"][0]["share"] == "another"
