"""Recordings: started and stopped here, made by `recorder`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from functions.api import rate_limit_policies
from functions.api.cameras.handlers import find_camera, get_or_create_camera, read_camera_source
from functions.api.cameras.schemas import (
    NewRecording,
    RecordingPage,
    RecordingSourceRequest,
    recording_view,
)
from functions.api.jobs.create import check_open_jobs, derive_id
from functions.api.jobs.recipes import MEGABYTE, find_recipe, read_options
from functions.api.pagination import PageQuery
from functions.api.rate_limits import consume
from shared.cameras import session
from shared.cameras.camera import Camera
from shared.cameras.recording import (
    RECORDINGS,
    RUNNING_STATES,
    Recording,
    RecordingRequest,
    RecordingState,
    recording_path,
)
from shared.errors import LimitReached, NotFound, StorageFull, WrongState
from shared.flows.documents import Write, job_path
from shared.flows.envelope import upload_name
from shared.http.artifacts import LINK_VALID_S
from shared.http.problems import InvalidFields
from shared.http.request import ApiRequest, ApiResponse
from shared.jobs.commands import cancel
from shared.jobs.model import JobInput, Status, new_job
from shared.recipes.stored_object import Artifact

DEFAULT_MAX_DURATION_S = 3600
"""The longest recording of who names no length."""
MIN_FREE_BYTES = MEGABYTE
"""With less room than this nothing is recorded."""
VIDEO_INPUT = "video"
PAGE_SIZE = 50
_GONE = "There is no such recording."


class TooManyRecordings(LimitReached):
    """As many of your recordings run as may at once; stop one first."""

    code = "too-many-recordings"


class NotReady(WrongState):
    """The recording has no clip yet; it gets one when it has stopped."""

    code = "not-ready"


def create_recording(request: ApiRequest) -> ApiResponse:
    """Judge everything, then have it recorded: with a recipe its job is made in the same batch.
    Raises InvalidFields, InvalidOption, TooManyRecordings, TooManyCameras, TooManyJobs,
    StorageFull, LimitReached."""
    form, recording_id = request.body(NewRecording), derive_id(request.seed)
    headers = {"Location": f"/v1/recordings/{recording_id}"}
    there = _own(request, recording_id) if request.idempotency_key else None
    if there is None:
        _check(request, form)
        max_bytes = _room(request, form)
        job = _Job(request, form, derive_id(f"job {request.seed}")) if form.recipe else None
        standing = consume(request, rate_limit_policies.changes(request.settings), request.user.uid)
        if job is not None:
            standing = consume(
                request, rate_limit_policies.job_creations(request.settings), request.user.uid
            )
        headers |= standing.headers
        camera = _camera(request, form.source)
        wish = RecordingRequest(
            title=form.title or camera.name,
            pre_roll_s=form.pre_roll_s,
            max_duration_s=form.max_duration_s
            or min(DEFAULT_MAX_DURATION_S, request.settings.max_recording_s),
            max_bytes=max_bytes,
            expires_at=request.services.clock.now()
            + timedelta(days=request.settings.recording_retention_days),
            recipe=form.recipe or "",
            job="" if job is None else job.id,
            job_object="" if job is None else job.object,
        )
        besides = () if job is None else job.writes(wish.title)
        request.run(
            lambda clock: session.start_recording(
                camera.id, recording_id, wish, clock, extra_writes=besides
            )
        )
    return ApiResponse(recording_view(_find(request, recording_id)), headers=headers)


def list_recordings(request: ApiRequest) -> ApiResponse:
    """The caller's recordings, newest first."""
    asked = request.query(PageQuery)
    docs = request.services.store.list_owned(
        RECORDINGS, request.user.uid, after=asked.after, max_count=asked.limit + 1
    )
    found = [Recording.from_doc(doc) for doc in docs[: asked.limit]]
    return ApiResponse(
        RecordingPage(
            recordings=tuple(
                recording_view(one) for one in found if one.state is not RecordingState.DELETED
            ),
            next_cursor=asked.next_cursor(docs),
        )
    )


def get_last_recording(request: ApiRequest) -> ApiResponse:
    """The newest that has a clip. Raises NotFound."""
    for one in _newest(request):
        if one.clip_artifact is not None:
            return ApiResponse(recording_view(one))
    raise NotFound("There is no recording with a clip yet.")


def get_recording(request: ApiRequest) -> ApiResponse:
    """A recording as it is now."""
    return ApiResponse(recording_view(_named(request)))


def stop_recording(request: ApiRequest) -> ApiResponse:
    """Stop it; again is no error."""
    recording = _named(request)
    request.run(lambda clock: session.stop_recording(recording.id, clock))
    return ApiResponse(recording_view(_find(request, recording.id)))


def delete_recording(request: ApiRequest) -> ApiResponse:
    """Remove it, also while it runs. A job that still waits for its clip is cancelled."""
    recording = _named(request)
    request.run(lambda clock: session.delete_recording(recording.id, clock))
    if recording.request.job:
        (doc,) = request.services.store.read([job_path(recording.request.job)])
        if doc is not None and doc.data["status"] == Status.AWAITING_UPLOAD:
            request.run(lambda clock: cancel.cancel(recording.request.job, clock))
    return ApiResponse()


def get_clip(request: ApiRequest) -> ApiResponse:
    """A redirect to the clip's bytes. Raises NotReady."""
    film = find_clip(request)
    url = request.services.objects.sign_download(film, filename=film.name, valid_s=LINK_VALID_S)
    return ApiResponse.redirect(url)


def find_clip(request: ApiRequest) -> Artifact:
    """The clip of the recording that the path names. Raises NotFound, NotReady."""
    film = _named(request).clip_artifact
    if film is None:
        raise NotReady
    return film


class _Job:
    """The job that a recording's clip goes into: judged before anything is written."""

    def __init__(self, request: ApiRequest, form: NewRecording, job_id: str) -> None:
        recipe = find_recipe(form.recipe or "")
        if recipe.find_input(VIDEO_INPUT) is None:
            raise InvalidFields([("recipe", f"The recipe {recipe.name} takes no video.")])
        self._call, self._recipe = request, recipe
        self._options = read_options(recipe, form.options, request.settings)
        check_open_jobs(request)
        self.id = job_id
        self.object = upload_name(recipe.name, job_id, VIDEO_INPUT, 0)

    def writes(self, title: str) -> tuple[Write, ...]:
        """The batch that makes it. What the clip holds is counted with the recording."""
        call, settings = self._call, self._call.settings
        now = call.services.clock.now()
        return new_job(
            job_id=self.id,
            owner=call.user.uid,
            email=call.user.email if call.user.verified or not settings.mail_verified_only else "",
            recipe=self._recipe,
            title=title,
            options=self._options,
            inputs=(JobInput(VIDEO_INPUT, self.object, "video/mp4", 0, f"{title}.mp4"),),
            now=now,
            expires_at=now + timedelta(days=settings.job_retention_days),
        )


def _camera(request: ApiRequest, form: RecordingSourceRequest) -> Camera:
    """The camera that is meant, registered now when it is new."""
    if form.camera is None:
        source = read_camera_source(request, form)
        return get_or_create_camera(request, source, source.display_url[:100])
    if form.url is not None or form.device is not None:
        raise InvalidFields([("source", "Name one source, and no more than one.")])
    try:
        return find_camera(request, form.camera)
    except NotFound as missing:
        raise InvalidFields([("source.camera", str(missing))]) from missing


def _room(request: ApiRequest, form: NewRecording) -> int:
    """How large it may get: what was asked for, or what there is room for. What is held now is
    compared: recordings that run at the same time may pass by each other."""
    settings, store, owner = request.settings, request.services.store, request.user.uid
    if store.count_recordings(owner, RUNNING_STATES) >= settings.max_active_recordings:
        raise TooManyRecordings
    room = settings.max_storage_mb * MEGABYTE - store.sum_stored_bytes(owner)
    if room < (form.max_bytes or MIN_FREE_BYTES):
        raise StorageFull
    return form.max_bytes or min(settings.max_recording_mb * MEGABYTE, room)


def _check(request: ApiRequest, form: NewRecording) -> None:
    """Raises InvalidFields."""
    longest, largest = request.settings.max_recording_s, request.settings.max_recording_mb
    wrong = []
    if form.options and form.recipe is None:
        wrong.append(("options", "Options are a recipe's; name the recipe."))
    if form.max_duration_s is not None and form.max_duration_s > longest:
        wrong.append(("max_duration_s", f"A recording may last {longest} s at most."))
    if form.max_bytes is not None and form.max_bytes > largest * MEGABYTE:
        wrong.append(("max_bytes", f"A recording may have {largest} MB at most."))
    if wrong:
        raise InvalidFields(wrong)


def _newest(request: ApiRequest) -> Iterator[Recording]:
    after = None
    while True:
        docs = request.services.store.list_owned(
            RECORDINGS, request.user.uid, after=after, max_count=PAGE_SIZE
        )
        yield from map(Recording.from_doc, docs)
        if len(docs) < PAGE_SIZE:
            return
        after = (docs[-1].data["created_at"], docs[-1].id)


def _named(request: ApiRequest) -> Recording:
    """The caller's recording that the path names."""
    return _find(request, request.path_params["recording_id"])


def _find(request: ApiRequest, recording_id: str) -> Recording:
    found = _own(request, recording_id)
    if found is None:
        raise NotFound(_GONE)
    return found


def _own(request: ApiRequest, recording_id: str) -> Recording | None:
    (doc,) = request.services.store.read([recording_path(recording_id)])
    if doc is None or doc.data["owner"] != request.user.uid:
        return None
    found = Recording.from_doc(doc)
    return None if found.state is RecordingState.DELETED else found
