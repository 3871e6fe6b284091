"""A copy is deleted with its recording, also while a worker makes it."""

from __future__ import annotations

from typing import Any

import pytest

from functions.recorder.clip.finalize import process_recording
from shared.cameras import session
from shared.cameras.browser_copy import copy_task_path
from shared.cameras.recorder_tasks import FINALIZE
from shared.cameras.recording import recording_path
from shared.entrypoints.task import TaskContext
from shared.flows.effects import Later
from shared.pipeline import Bucket
from shared.runtime.leases import TaskLease
from shared.tasks.task import Task, TaskClaim, new_task, task_path
from tests.fixtures.copied_clips import RECORDING, CopyHarness
from tests.unit.functions.clip_copy.conftest import stop_after


def remove(copies: CopyHarness) -> Any:
    """Runs the FINALIZE task of the deleted recording."""
    (doc,) = copies.store.read([task_path("recorder", RECORDING)])
    assert doc is not None
    claim = TaskClaim(Task.from_doc("recorder", doc), "token", 1)
    lease = TaskLease(claim, float("inf"))
    return process_recording(TaskContext(lease, copies.services, copies.settings))


@pytest.fixture
def finalized(copies: CopyHarness) -> CopyHarness:
    """A recording with its FINALIZE task."""
    fields = {"kind": FINALIZE, "recording": RECORDING}
    copies.store.commit([new_task("recorder", RECORDING, "alice", fields, copies.now)])
    return copies


def test_deleted_recording_leaves_nothing_of_its_copy(finalized: CopyHarness) -> None:
    finalized.request()
    finalized.deliver()
    finalized.run_flow(lambda clock: session.delete_recording(RECORDING, clock))
    remove(finalized)
    assert finalized.names(Bucket.OUTPUTS) == []
    assert copy_task_path(RECORDING) not in finalized.store.documents
    assert recording_path(RECORDING) not in finalized.store.documents


def test_recording_that_is_deleted_stops_its_copy_before_it_is_removed(
    finalized: CopyHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    finalized.request()
    outcomes: list[Any] = []

    def delete() -> None:
        finalized.run_flow(lambda clock: session.delete_recording(RECORDING, clock))
        outcomes.append(remove(finalized))

    stop_after(1, monkeypatch, delete)
    finalized.deliver()
    # The removal waits for the worker.
    (waiting,) = outcomes
    assert isinstance(waiting, Later)
    assert waiting.progress
    assert len(finalized.names(Bucket.WORK)) == 1
    remove(finalized)
    assert finalized.names(Bucket.WORK) == []
    assert recording_path(RECORDING) not in finalized.store.documents


def test_expired_recording_is_removed_with_its_copy(finalized: CopyHarness) -> None:
    finalized.request()
    finalized.deliver()
    finalized.now = finalized.recording.request.expires_at
    remove(finalized)
    assert finalized.names(Bucket.OUTPUTS) == []
    assert recording_path(RECORDING) not in finalized.store.documents


def test_copy_is_kept_while_its_recording_is(finalized: CopyHarness) -> None:
    finalized.request()
    finalized.deliver()
    remove(finalized)
    assert finalized.names(Bucket.OUTPUTS) == ["clip.mp4"]
