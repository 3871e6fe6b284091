"""Watched cameras: those whose session holds an instance of the recorder, for recordings or
previews. An owner has a maximum number of them.

`watched_cameras/{owner}` lists cameras of an owner that were watched. It is written, guarded by its
version, in the batch that creates a camera's first recorder task, so concurrent requests cannot
exceed the maximum. It needs no write when a session ends: cameras that are not watched any more
leave the list when the place is needed.
"""

from __future__ import annotations

from shared.cameras.camera import Camera, camera_path
from shared.cameras.recorder_tasks import RECORDER
from shared.errors import LimitReached
from shared.flows.documents import Create, Update, Write
from shared.flows.effects import Flow, read
from shared.tasks.task import Task, task_path

WATCHED_CAMERAS = "watched_cameras"
RETRY_AFTER_S = 10
"""A session ends a few seconds after its last request."""


class TooManyWatchedCameras(LimitReached):
    """You watch or record the maximum number of cameras at once; stop one first."""

    code = "too-many-watched-cameras"


def watched_path(owner: str) -> str:
    """Returns `watched_cameras/{owner}`."""
    return f"{WATCHED_CAMERAS}/{owner}"


def admit_camera(camera: Camera, max_watched: int) -> Flow[Write]:
    """Returns the write that lists a camera as watched, for the batch that creates its recorder
    task. Raises TooManyWatchedCameras."""
    path = watched_path(camera.owner)
    (doc,) = yield from read(path)
    listed = () if doc is None else doc.data["cameras"]
    others = [camera_id for camera_id in listed if camera_id != camera.id]
    if len(others) >= max_watched:
        others = yield from _still_watched(others)
    if len(others) >= max_watched:
        raise TooManyWatchedCameras(retry_after_s=RETRY_AFTER_S)
    cameras = [*others, camera.id]
    if doc is None:
        return Create(path, {"owner": camera.owner, "cameras": cameras})
    return Update(path, {"cameras": cameras}, doc.version)


def _still_watched(camera_ids: list[str]) -> Flow[list[str]]:
    """Returns the cameras that have a recorder task that has not ended."""
    docs = yield from read(*map(camera_path, camera_ids))
    tasks = {doc.id: doc.data["recorder_task"] for doc in docs if doc is not None}
    tasks = {camera_id: task_id for camera_id, task_id in tasks.items() if task_id}
    if not tasks:
        return []
    task_docs = yield from read(*(task_path(RECORDER, task_id) for task_id in tasks.values()))
    return [
        camera_id
        for camera_id, doc in zip(tasks, task_docs, strict=True)
        if doc is not None and not Task.from_doc(RECORDER, doc).has_ended
    ]
