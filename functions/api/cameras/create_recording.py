"""The start of recordings, which the function `recorder` executes."""

from __future__ import annotations

from datetime import timedelta

from functions.api import rate_limit_policies
from functions.api.cameras.handlers import find_camera, get_or_create_camera, read_camera_source
from functions.api.cameras.recording_schemas import (
    NewRecording,
    RecordingSourceRequest,
    recording_view,
)
from functions.api.cameras.recordings import find_recording, read_recording
from functions.api.jobs.create import check_open_jobs, derive_id
from functions.api.jobs.recipes import MEGABYTE, find_recipe
from functions.api.recipes.option_checks import check_options
from functions.api.storage import free_storage_bytes
from shared.cameras import session
from shared.cameras.camera import Camera
from shared.cameras.recording import RUNNING_STATES, RecordingRequest
from shared.errors import LimitReached, NotFound, StorageFull
from shared.flows.documents import Write
from shared.flows.envelope import upload_name
from shared.http.limits.rate_limits import consume
from shared.http.problems import InvalidFields
from shared.http.request import ApiRequest, ApiResponse
from shared.jobs.creation import new_job
from shared.jobs.model import JobInput

DEFAULT_MAX_DURATION_S = 3600
"""The default of `max_duration_s`."""
MIN_FREE_BYTES = MEGABYTE
"""A recording needs at least this much free storage."""
VIDEO_INPUT = "video"


class TooManyRecordings(LimitReached):
    """You have the maximum number of running recordings; stop one first."""

    code = "too-many-recordings"


def create_recording(request: ApiRequest) -> ApiResponse:
    """Validates the whole request, then starts the recording. With a recipe, the job is created in
    the same batch.

    Raises InvalidFields, InvalidOption, TooManyRecordings, TooManyWatchedCameras,
    TooManyCameras, TooManyJobs, StorageFull, LimitReached.
    """
    body, recording_id = request.body(NewRecording), derive_id(request.seed)
    headers = {"Location": f"/v1/recordings/{recording_id}"}
    existing = read_recording(request, recording_id) if request.idempotency_key else None
    if existing is None:
        _check(request, body)
        max_bytes = _max_bytes(request, body)
        job = _Job(request, body, derive_id(f"job {request.seed}")) if body.recipe else None
        rate_limit = consume(
            request, rate_limit_policies.changes(request.settings), request.user.uid
        )
        if job is not None:
            rate_limit = consume(
                request, rate_limit_policies.job_creations(request.settings), request.user.uid
            )
        headers |= rate_limit.headers
        camera = _camera(request, body.source)
        recording_request = RecordingRequest(
            title=body.title or camera.name,
            pre_roll_s=body.pre_roll_s,
            max_duration_s=body.max_duration_s
            or min(DEFAULT_MAX_DURATION_S, request.settings.max_recording_s),
            max_bytes=max_bytes,
            expires_at=request.services.clock.now()
            + timedelta(days=request.settings.recording_retention_days),
            recipe=body.recipe or "",
            job="" if job is None else job.id,
            job_object="" if job is None else job.object,
        )
        job_writes = () if job is None else job.writes(recording_request.title)
        request.run(
            lambda clock: session.start_recording(
                camera.id,
                recording_id,
                recording_request,
                clock,
                max_watched=request.settings.max_watched_cameras,
                extra_writes=job_writes,
            )
        )
    return ApiResponse(recording_view(find_recording(request, recording_id)), headers=headers)


class _Job:
    """The job that takes the clip of a recording as its video. Constructing it validates it.

    Raises InvalidFields, InvalidOption, TooManyJobs.
    """

    def __init__(self, request: ApiRequest, body: NewRecording, job_id: str) -> None:
        recipe = find_recipe(body.recipe or "")
        if recipe.find_input(VIDEO_INPUT) is None:
            raise InvalidFields([("recipe", f"The recipe {recipe.name} takes no video.")])
        self._request, self._recipe = request, recipe
        self._options = check_options(recipe, body.options, request.settings)
        check_open_jobs(request)
        self.id = job_id
        self.object = upload_name(recipe.name, job_id, VIDEO_INPUT, 0)

    def writes(self, title: str) -> tuple[Write, ...]:
        """Returns the writes that create it. Its input counts 0 bytes: the clip is counted with the
        recording."""
        request = self._request
        now = request.services.clock.now()
        return new_job(
            job_id=self.id,
            owner=request.user.uid,
            email=request.user.email,
            recipe=self._recipe,
            title=title,
            options=self._options,
            inputs=(JobInput(VIDEO_INPUT, self.object, "video/mp4", 0, f"{title}.mp4"),),
            now=now,
            expires_at=now + timedelta(days=request.settings.job_retention_days),
        )


def _camera(request: ApiRequest, source_request: RecordingSourceRequest) -> Camera:
    """Returns the camera of the request; registers it first if it is new."""
    if source_request.camera is None:
        source = read_camera_source(request, source_request)
        return get_or_create_camera(request, source, source.display_url[:100])
    if source_request.url is not None or source_request.device is not None:
        raise InvalidFields([("source", "Give exactly one source.")])
    try:
        return find_camera(request, source_request.camera)
    except NotFound as error:
        raise InvalidFields([("source.camera", str(error))]) from error


def _max_bytes(request: ApiRequest, body: NewRecording) -> int:
    """Returns the maximum size of the recording in bytes: the requested one, or what fits into the
    storage that is free and that no running recording reserves. Concurrent requests read the same
    usage, so together they can exceed the limit.

    Raises TooManyRecordings, StorageFull.
    """
    settings, store, owner = request.settings, request.services.store, request.user.uid
    if store.count_recordings(owner, RUNNING_STATES) >= settings.max_active_recordings:
        raise TooManyRecordings
    # A job gets a copy of the clip.
    copies = 1 if body.recipe is None else 2
    free_bytes = free_storage_bytes(request) // copies
    if free_bytes < (body.max_bytes or MIN_FREE_BYTES):
        raise StorageFull
    return body.max_bytes or min(settings.max_recording_mb * MEGABYTE, free_bytes)


def _check(request: ApiRequest, body: NewRecording) -> None:
    """Raises InvalidFields."""
    max_s, max_mb = request.settings.max_recording_s, request.settings.max_recording_mb
    errors = []
    if body.options and body.recipe is None:
        errors.append(("options", "Options belong to a recipe; name the recipe."))
    if body.max_duration_s is not None and body.max_duration_s > max_s:
        errors.append(("max_duration_s", f"A recording may last {max_s} s at most."))
    if body.max_bytes is not None and body.max_bytes > max_mb * MEGABYTE:
        errors.append(("max_bytes", f"A recording may have {max_mb} MB at most."))
    if errors:
        raise InvalidFields(errors)
