"""Recordings: started and stopped here, made by `recorder`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from functions.api import rate_limit_policies
from functions.api.cameras.handlers import find_camera, read_form, registered
from functions.api.cameras.schemas import (
    NewRecording,
    RecordedForm,
    RecordingPage,
    recording_view,
)
from functions.api.jobs.create import check_open_jobs, id_from
from functions.api.jobs.recipes import MEGABYTE, find_recipe, read_options
from functions.api.pagination import PageQuery
from functions.api.rate_limits import take
from shared.cameras import session
from shared.cameras.camera import Camera
from shared.cameras.recording import (
    RECORDINGS,
    RUNNING,
    Recording,
    RecordingState,
    Wish,
    recording_path,
)
from shared.errors import LimitReached, NotFound, StorageFull, WrongState
from shared.flows.documents import Write, job_path
from shared.flows.envelope import upload_name
from shared.http.artifacts import LINK_VALID_S
from shared.http.problems import InvalidFields
from shared.http.request import Answer, Call
from shared.jobs.commands import cancel
from shared.jobs.model import JobInput, Status, new_job
from shared.recipes.stored_object import Artefact

UNSAID_S = 3600
"""The longest recording of who names no length."""
LEAST_BYTES = MEGABYTE
"""With less room than this nothing is recorded."""
VIDEO = "video"
PAGE = 50
_GONE = "There is no such recording."


class TooManyRecordings(LimitReached):
    """As many of your recordings run as may at once; stop one first."""

    code = "too-many-recordings"


class NotReady(WrongState):
    """The recording has no clip yet; it gets one when it has stopped."""

    code = "not-ready"


def create_recording(call: Call) -> Answer:
    """Judge everything, then have it recorded: with a recipe its job is made in the same batch.
    Raises InvalidFields, InvalidOption, TooManyRecordings, TooManyCameras, TooManyJobs,
    StorageFull, LimitReached."""
    form, recording_id = call.body(NewRecording), id_from(call.seed)
    headers = {"Location": f"/v1/recordings/{recording_id}"}
    there = _own(call, recording_id) if call.idempotency_key else None
    if there is None:
        _check(call, form)
        max_bytes = _room(call, form)
        job = _Job(call, form, id_from(f"job {call.seed}")) if form.recipe else None
        standing = take(call, rate_limit_policies.changes(call.settings), call.user.uid)
        if job is not None:
            standing = take(call, rate_limit_policies.job_creations(call.settings), call.user.uid)
        headers |= standing.headers
        camera = _camera(call, form.source)
        wish = Wish(
            title=form.title or camera.name,
            pre_roll_s=form.pre_roll_s,
            max_duration_s=form.max_duration_s or min(UNSAID_S, call.settings.recording_s),
            max_bytes=max_bytes,
            expires_at=call.world.clock.now() + timedelta(days=call.settings.recordings_kept_days),
            recipe=form.recipe or "",
            job="" if job is None else job.id,
            job_object="" if job is None else job.object,
        )
        besides = () if job is None else job.writes(wish.title)
        call.run(
            lambda clockwork: session.start(
                camera.id, recording_id, wish, clockwork, besides=besides
            )
        )
    return Answer(recording_view(_find(call, recording_id)), headers=headers)


def list_recordings(call: Call) -> Answer:
    """The caller's recordings, newest first."""
    asked = call.query(PageQuery)
    docs = call.world.store.owned(
        RECORDINGS, call.user.uid, after=asked.after, most=asked.limit + 1
    )
    found = [Recording.from_doc(doc) for doc in docs[: asked.limit]]
    return Answer(
        RecordingPage(
            recordings=tuple(
                recording_view(one) for one in found if one.state is not RecordingState.DELETED
            ),
            next_cursor=asked.cursor_behind(docs),
        )
    )


def get_last_recording(call: Call) -> Answer:
    """The newest that has a clip. Raises NotFound."""
    for one in _newest(call):
        if one.film is not None:
            return Answer(recording_view(one))
    raise NotFound("There is no recording with a clip yet.")


def get_recording(call: Call) -> Answer:
    """A recording as it is now."""
    return Answer(recording_view(_named(call)))


def stop_recording(call: Call) -> Answer:
    """Stop it; again is no error."""
    recording = _named(call)
    call.run(lambda clockwork: session.stop(recording.id, clockwork))
    return Answer(recording_view(_find(call, recording.id)))


def delete_recording(call: Call) -> Answer:
    """Remove it, also while it runs. A job that still waits for its clip is cancelled."""
    recording = _named(call)
    call.run(lambda clockwork: session.discard(recording.id, clockwork))
    if recording.wish.job:
        (doc,) = call.world.store.read([job_path(recording.wish.job)])
        if doc is not None and doc.data["status"] == Status.AWAITING_UPLOAD:
            call.run(lambda clockwork: cancel.cancel(recording.wish.job, clockwork))
    return Answer()


def get_clip(call: Call) -> Answer:
    """A redirect to the clip's bytes. Raises NotReady."""
    film = own_clip(call)
    url = call.world.objects.sign_download(film, filename=film.name, valid_s=LINK_VALID_S)
    return Answer.redirect(url)


def own_clip(call: Call) -> Artefact:
    """The clip of the recording that the path names. Raises NotFound, NotReady."""
    film = _named(call).film
    if film is None:
        raise NotReady
    return film


class _Job:
    """The job that a recording's clip goes into: judged before anything is written."""

    def __init__(self, call: Call, form: NewRecording, job_id: str) -> None:
        recipe = find_recipe(form.recipe or "")
        if recipe.input(VIDEO) is None:
            raise InvalidFields([("recipe", f"The recipe {recipe.name} takes no video.")])
        self._call, self._recipe = call, recipe
        self._options = read_options(recipe, form.options, call.settings)
        check_open_jobs(call)
        self.id = job_id
        self.object = upload_name(recipe.name, job_id, VIDEO, 0)

    def writes(self, title: str) -> tuple[Write, ...]:
        """The batch that makes it. What the clip holds is counted with the recording."""
        call, settings = self._call, self._call.settings
        now = call.world.clock.now()
        return new_job(
            job_id=self.id,
            owner=call.user.uid,
            email=call.user.email if call.user.verified or not settings.mail_verified_only else "",
            recipe=self._recipe,
            title=title,
            options=self._options,
            inputs=(JobInput(VIDEO, self.object, "video/mp4", 0, f"{title}.mp4"),),
            now=now,
            expires_at=now + timedelta(days=settings.jobs_kept_days),
        )


def _camera(call: Call, form: RecordedForm) -> Camera:
    """The camera that is meant, registered now when it is new."""
    if form.camera is None:
        source = read_form(call, form)
        return registered(call, source, source.shown[:100])
    if form.url is not None or form.device is not None:
        raise InvalidFields([("source", "Name one source, and no more than one.")])
    try:
        return find_camera(call, form.camera)
    except NotFound as missing:
        raise InvalidFields([("source.camera", str(missing))]) from missing


def _room(call: Call, form: NewRecording) -> int:
    """How large it may get: what was asked for, or what there is room for. What is held now is
    compared: recordings that run at the same time may pass by each other."""
    settings, store, owner = call.settings, call.world.store, call.user.uid
    if store.recordings_in(owner, RUNNING) >= settings.recordings_at_once:
        raise TooManyRecordings
    room = settings.storage_mb * MEGABYTE - store.stored_bytes(owner)
    if room < (form.max_bytes or LEAST_BYTES):
        raise StorageFull
    return form.max_bytes or min(settings.recording_mb * MEGABYTE, room)


def _check(call: Call, form: NewRecording) -> None:
    """Raises InvalidFields."""
    longest, largest = call.settings.recording_s, call.settings.recording_mb
    wrong = []
    if form.options and form.recipe is None:
        wrong.append(("options", "Options are a recipe's; name the recipe."))
    if form.max_duration_s is not None and form.max_duration_s > longest:
        wrong.append(("max_duration_s", f"A recording may last {longest} s at most."))
    if form.max_bytes is not None and form.max_bytes > largest * MEGABYTE:
        wrong.append(("max_bytes", f"A recording may have {largest} MB at most."))
    if wrong:
        raise InvalidFields(wrong)


def _newest(call: Call) -> Iterator[Recording]:
    after = None
    while True:
        docs = call.world.store.owned(RECORDINGS, call.user.uid, after=after, most=PAGE)
        yield from map(Recording.from_doc, docs)
        if len(docs) < PAGE:
            return
        after = (docs[-1].data["created_at"], docs[-1].id)


def _named(call: Call) -> Recording:
    """The caller's recording that the path names."""
    return _find(call, call.named["recording_id"])


def _find(call: Call, recording_id: str) -> Recording:
    found = _own(call, recording_id)
    if found is None:
        raise NotFound(_GONE)
    return found


def _own(call: Call, recording_id: str) -> Recording | None:
    (doc,) = call.world.store.read([recording_path(recording_id)])
    if doc is None or doc.data["owner"] != call.user.uid:
        return None
    found = Recording.from_doc(doc)
    return None if found.state is RecordingState.DELETED else found
