"""Cameras: registering them, how they are, and a seat before their preview."""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from functions.api import rate_limit_policies
from functions.api.cameras.schemas import (
    CameraList,
    CameraView,
    NewCamera,
    PreviewView,
    SourceForm,
    camera_view,
)
from functions.api.rate_limits import take
from shared.cameras import session
from shared.cameras.camera import CAMERAS, Camera, camera_path, new_camera, secret
from shared.cameras.recording import Recording, recording_path
from shared.cameras.source import Source, read_device, read_source
from shared.cameras.viewers import (
    COUNTED_MOST,
    VIEWERS,
    TooManyViewers,
    new_viewer,
    sitting,
    viewer_path,
)
from shared.errors import NotFound, WrongState
from shared.flows.documents import Committed, Doc, Update
from shared.http.problems import InvalidFields
from shared.http.request import Answer, Call
from shared.net.address_policy import UnfitUrl

TOKEN_BYTES = 24
_GONE = "There is no such camera."


class TooManyCameras(WrongState):
    """There are as many cameras as one person may have; delete one first."""

    code = "too-many-cameras"


class CameraInUse(WrongState):
    """The camera records; stop its recordings first."""

    code = "camera-in-use"


def create_camera(call: Call) -> Answer:
    """Register a camera; one that is there gets this name and password. Raises InvalidFields,
    TooManyCameras, LimitReached."""
    form = call.body(NewCamera)
    source = read_form(call, form.source)
    standing = take(call, rate_limit_policies.changes(call.settings), call.user.uid)
    camera = registered(call, source, form.name)
    if camera.name != form.name:
        call.world.store.commit([Update(camera.path, {"name": form.name})])
        camera = find_camera(call, camera.id)
    headers = {"Location": f"/v1/cameras/{camera.id}", **standing.headers}
    return Answer(_view(call, camera), headers=headers)


def list_cameras(call: Call) -> Answer:
    """All of them."""
    docs = call.world.store.documents_of(CAMERAS, call.user.uid)
    return Answer(CameraList(cameras=tuple(_view(call, Camera.from_doc(doc)) for doc in docs)))


def get_camera(call: Call) -> Answer:
    """One of them, as it is now."""
    return Answer(_view(call, find_camera(call, call.named["camera_id"])))


def delete_camera(call: Call) -> Answer:
    """Take it away: who previews it sees nothing more. Raises CameraInUse."""
    camera = find_camera(call, call.named["camera_id"])
    try:
        call.run(lambda _: session.dismiss(camera.id))
    except WrongState as records:
        raise CameraInUse from records
    return Answer()


def create_preview(call: Call) -> Answer:
    """Give a seat and have the camera looked at. Raises TooManyViewers, LimitReached."""
    camera = find_camera(call, call.named["camera_id"])
    store, settings, now = call.world.store, call.settings, call.world.clock.now()
    most = settings.viewers_at_once
    before = sitting(seats(call, camera.id), now)
    if before >= most:
        raise TooManyViewers(retry_after_s=5)
    standing = take(call, rate_limit_policies.changes(settings), call.user.uid)
    token = secrets.token_hex(TOKEN_BYTES)
    # A conflict can only be our own commit, repeated after its answer was lost: the token is new.
    store.commit([new_viewer(token, camera.id, camera.owner, now)])
    call.run(lambda clockwork: session.watch(camera.id, clockwork))
    (seat,) = store.read([viewer_path(token)])
    if seat is None:
        raise NotFound(_GONE)
    view = PreviewView(
        url=f"{settings.media_url}/v1/media/previews/{token}",
        expires_at=seat.data["expires_at"],
        viewers=before + 1,
        viewers_most=most,
    )
    return Answer(view, headers={"Location": view.url, **standing.headers})


def seats(call: Call, camera_id: str) -> tuple[Doc, ...]:
    """A camera's newest seats."""
    where = ("camera", camera_id)
    return call.world.store.newest(VIEWERS, where, after=None, most=COUNTED_MOST)


def read_form(call: Call, form: SourceForm) -> Source:
    """The source that is meant. Raises InvalidFields; what was given is repeated nowhere."""
    settings = call.settings
    try:
        if form.url is not None and form.device is None:
            return read_source(form.url, private_too=bool(settings.camera_networks))
        if form.device is not None and form.url is None:
            if not settings.camera_devices:
                why = "Cameras of its own machine are recorded by a suite on that machine alone."
                raise InvalidFields([("source.device", why)])
            return read_device(form.device)
    except UnfitUrl as unfit:
        field = "source.url" if form.url is not None else "source.device"
        raise InvalidFields([(field, str(unfit))]) from None
    raise InvalidFields([("source", "Name one source, and no more than one.")])


def registered(call: Call, source: Source, name: str) -> Camera:
    """The caller's camera at this place, made now when there is none. Raises TooManyCameras."""
    store, owner, now = call.world.store, call.user.uid, call.world.clock.now()
    camera_id = source.key(owner)
    (doc,) = store.read([camera_path(camera_id)])
    if doc is None:
        most = call.settings.cameras_most
        if len(store.documents_of(CAMERAS, owner, most=most)) >= most:
            raise TooManyCameras
        # A conflict is the same camera, registered at this moment by another request.
        store.commit(new_camera(owner, name, source, now))
        return find_camera(call, camera_id)
    if source.user or source.password:
        # Without them it is the address that is shown, told back: it takes no password away.
        known = Update(doc.path, {"credentials": True})
        if store.commit([known, secret(owner, source, now)]) is not Committed.OK:
            raise NotFound(_GONE)
    return Camera.from_doc(doc)


def find_camera(call: Call, camera_id: str) -> Camera:
    """The caller's camera. Raises NotFound."""
    (doc,) = call.world.store.read([camera_path(camera_id)])
    if doc is None or doc.data["owner"] != call.user.uid:
        raise NotFound(_GONE)
    return Camera.from_doc(doc)


def _view(call: Call, camera: Camera) -> CameraView:
    docs = call.world.store.read(map(recording_path, sorted(camera.wants)))
    running = [one for one in _recordings(docs) if one.running]
    return camera_view(camera, running, call.world.clock.now())


def _recordings(docs: Iterable[Doc | None]) -> list[Recording]:
    return [Recording.from_doc(doc) for doc in docs if doc is not None]
