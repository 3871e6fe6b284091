"""A copy of a clip: made once, over several runs, and gone with its recording."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from functions.clip_copy.copy_clip import MAX_SPENT_S
from functions.clip_copy.pieces import CopiedClip
from shared.cameras.browser_copy import (
    CopyNotNeeded,
    CopyState,
    copy_artifact,
    copy_task_path,
    new_copy,
    request_copy,
)
from shared.cameras.recording import RecordingState, recording_path
from shared.errors import NotFound, StorageUnavailable, WrongState
from shared.flows.documents import Delete, Update
from shared.flows.effects import Reply
from shared.flows.envelope import Envelope
from shared.pipeline import FUNCTIONS, Bucket
from shared.runtime.leases import TaskLease
from shared.tasks.task import TaskState
from tests.fixtures.copied_clips import RECORDING, CopyHarness
from tests.unit.functions.clip_copy.conftest import TIMES, stop_after

MESSAGE = Envelope(RECORDING, "clip_copy", "task")


def watch_percent(copies: CopyHarness, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Returns the list to which every stored percent is added."""
    seen: list[int] = []
    commit = copies.store.commit

    def watched(writes: Any) -> Any:
        result = commit(writes)
        seen.append(copies.copy.percent)
        return result

    monkeypatch.setattr(copies.store, "commit", watched)
    return seen


def test_copy_has_the_times_of_the_clip_and_is_counted(
    copies: CopyHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies.request()
    assert copies.messages == [MESSAGE]
    assert copies.copy.state is CopyState.WAITING
    seen = watch_percent(copies, monkeypatch)
    assert copies.deliver() is Reply.ACK
    copy, clip = copies.copy, copies.recording.clip
    assert clip is not None
    assert copies.read_copy().times == TIMES
    assert (copy.state, copy.percent, copy.width, copy.height) == (CopyState.DONE, 100, 64, 48)
    assert copies.recording.data["stored_bytes"] == clip["size_bytes"] + copy.size_bytes
    assert seen == sorted(seen)
    assert seen.index(100) > seen.index(95)
    assert max(percent for percent in seen if percent < 100) <= 99
    assert copies.names(Bucket.WORK) == []
    artifact = copy_artifact(copies.recording)
    assert artifact is not None
    assert artifact.name.endswith("-h264.mp4")


def test_second_delivery_and_second_request_change_nothing(copies: CopyHarness) -> None:
    copies.request()
    copies.request()
    copies.deliver()
    first = copies.copy
    copies.request()
    copies.deliver()
    assert copies.copy == first
    assert copies.names(Bucket.OUTPUTS) == ["clip.mp4"]


def test_run_that_ends_is_continued_with_the_first_missing_piece(
    copies: CopyHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies.request()
    seen = watch_percent(copies, monkeypatch)
    leases: list[TaskLease] = []
    stop_after(2, monkeypatch, lambda: setattr(leases[-1], "deadline", 0.0))
    copies.deliver(leases.append)
    assert copies.names(Bucket.WORK) == ["00000.piece", "00001.piece"]
    task = copies.store.documents[copy_task_path(RECORDING)][0]
    assert (task["state"], task["attempt"], task["piece_count"]) == (TaskState.OPEN, 0, 2)
    encoded: list[int] = []
    encode = CopiedClip.encode

    def recorded(self: CopiedClip, number: int, *arguments: Any) -> Any:
        encoded.append(number)
        return encode(self, number, *arguments)

    monkeypatch.setattr(CopiedClip, "encode", recorded)
    copies.deliver(leases.append)
    assert encoded == [2]
    assert copies.copy.state is CopyState.DONE
    assert seen == sorted(seen)


def test_workers_that_crash_fail_the_copy_and_a_request_tries_it_again(
    copies: CopyHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies.request()

    def crash(*_: Any) -> None:
        raise OSError("The disk is on fire.")

    monkeypatch.setattr(CopiedClip, "encode", crash)
    for _ in range(FUNCTIONS["clip_copy"].max_attempts):
        copies.deliver()
    failed = copies.copy
    monkeypatch.undo()
    copies.request()
    requested = copies.copy
    copies.deliver()
    states = [copy.state for copy in (failed, requested, copies.copy)]
    assert states == [CopyState.FAILED, CopyState.WAITING, CopyState.DONE]
    assert failed.error is not None
    assert requested.error is None


def test_copy_that_is_done_stays_done(copies: CopyHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when its pieces cannot be deleted, and when a later attempt is the last one."""

    def fail(*_: Any) -> None:
        raise StorageUnavailable

    monkeypatch.setattr(CopiedClip, "drop_pieces", fail)
    copies.request()
    assert copies.deliver() is Reply.ACK
    done = copies.copy
    assert done.state is CopyState.DONE
    path, limit = copy_task_path(RECORDING), FUNCTIONS["clip_copy"].max_attempts
    for attempt in (limit - 1, limit):
        fields = {"state": TaskState.OPEN, "attempt": attempt}
        copies.store.commit([Update(path, fields)])
        copies.deliver()
        assert copies.copy == done


def test_full_storage_fails_the_copy(copies: CopyHarness) -> None:
    copies.settings = replace(copies.settings, max_storage_mb=0)
    copies.request()
    copies.deliver()
    assert copies.copy.state is CopyState.FAILED
    assert copies.copy.error is not None
    assert copies.copy.error["code"] == "storage-full"
    assert copies.names(Bucket.OUTPUTS) == []


def test_time_of_a_copy_is_limited(copies: CopyHarness) -> None:
    copies.request()
    copies.store.commit([Update(copy_task_path(RECORDING), {"spent_s": MAX_SPENT_S + 1.0})])
    copies.deliver()
    assert copies.copy.error is not None
    assert copies.copy.error["code"] == "copy-time-limit"


def test_clip_that_is_no_video_fails_at_once(copies: CopyHarness) -> None:
    clip = copies.recording.clip
    assert clip is not None
    copies.objects.delete(Bucket.OUTPUTS, clip["path"], clip["generation"])
    with copies.objects.create(
        Bucket.OUTPUTS, clip["path"], content_type="video/mp4", spec="clip"
    ) as writer:
        writer.write(b"no video" * 100)
    fields = {"clip.generation": writer.stored_object.generation, "clip.size_bytes": 800}
    copies.store.commit([Update(recording_path(RECORDING), fields)])
    copies.request()
    copies.deliver()
    assert copies.copy.error is not None
    assert copies.copy.error["code"] == "not-a-video"


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_clip_that_browsers_play_gets_no_copy(copies: CopyHarness, codec: str) -> None:
    copies.store.commit([Update(recording_path(RECORDING), {"clip.codec": codec})])
    with pytest.raises(CopyNotNeeded):
        copies.request()


def test_recording_without_a_clip_gets_no_copy(copies: CopyHarness) -> None:
    copies.store.commit([Update(recording_path(RECORDING), {"state": RecordingState.JOINING})])
    with pytest.raises(WrongState):
        copies.request()
    copies.store.commit([Delete(recording_path(RECORDING))])
    with pytest.raises(NotFound):
        copies.run_flow(lambda clock: request_copy(RECORDING, clock))


def test_fields_of_a_new_copy_are_complete(copies: CopyHarness) -> None:
    field, task, message = new_copy(RECORDING, "alice", copies.now, copies.now)
    assert message == MESSAGE
    assert field["state"] == "waiting"
    assert task.data["expires_at"] == copies.now
