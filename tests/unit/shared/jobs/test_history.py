"""The order of the events of a job."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.jobs.history import history_event, history_order
from shared.jobs.model import Status

T0 = datetime(2026, 11, 30, tzinfo=UTC)


def test_events_of_one_transaction_are_in_the_order_of_their_causes() -> None:
    end = T0 + timedelta(seconds=9)
    writes = [
        history_event("j", T0, "created", epoch=0),
        history_event("j", T0, "stage_done", epoch=0, stage="upload_trigger"),
        history_event("j", end, "stage_done", epoch=0, stage="frame_extraction"),
        history_event("j", end, "stage_done", epoch=0, stage="emotion_scoring"),
        history_event("j", end, Status.FAILED, epoch=0),
        history_event("j", end, "notified", epoch=0),
        # The clock of another machine may be behind.
        history_event("j", T0, "redriven", epoch=1),
        history_event("j", end, Status.DONE, epoch=1),
    ]
    stored: list[dict[str, Any]] = [dict(write.data) for write in writes]  # type: ignore[union-attr]
    shuffled = random.Random(1).sample(stored, len(stored))
    assert sorted(shuffled, key=history_order) == stored
