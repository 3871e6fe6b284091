"""Dead letters: which copies of a message are acknowledged because a newer one is queued."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from shared.flows.documents import Doc, unit_path
from shared.jobs.creation import admit_unit, free_fields
from shared.jobs.rules import is_superseded
from shared.jobs.stage import Unit
from tests.fakes.job_store import MemoryJobStore
from tests.fixtures.jobs import NOW

JOB = "j" * 20


def announced(at: datetime | None) -> Unit:
    store = MemoryJobStore()
    store.commit([admit_unit(JOB, "frame_extraction", 0, "0", NOW)])
    path = unit_path(JOB, "frame_extraction", 0, "0")
    data = store.documents[path][0] | free_fields(NOW) | {"announced_at": at}
    return Unit.from_doc(Doc(path, data, 1))


@pytest.mark.parametrize("published_s_before", [0, 0.001, 5])
def test_announced_message_is_not_superseded_by_itself(published_s_before: float) -> None:
    """Pub/Sub's clock may be behind that of the worker, and the attribute with the time is in
    milliseconds: the last copy must not be acknowledged as an older one."""
    published_at = NOW - timedelta(seconds=published_s_before)

    assert not is_superseded(announced(NOW), published_at)


def test_older_message_is_superseded() -> None:
    assert is_superseded(announced(NOW), NOW - timedelta(seconds=90))


def test_message_is_not_superseded_when_a_time_is_unknown() -> None:
    assert not is_superseded(announced(NOW), None)
    assert not is_superseded(announced(None), NOW)
