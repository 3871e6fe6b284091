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
    SourceRequest,
    camera_view,
)
from functions.api.rate_limits import consume
from shared.cameras import session
from shared.cameras.camera import CAMERAS, Camera, camera_path, new_camera, new_camera_secret
from shared.cameras.recording import Recording, recording_path
from shared.cameras.source import Source, device_source, parse_source
from shared.cameras.viewers import (
    MAX_COUNTED_VIEWERS,
    VIEWERS,
    TooManyViewers,
    count_active_viewers,
    new_viewer,
    viewer_path,
)
from shared.errors import NotFound, WrongState
from shared.flows.documents import CommitResult, Doc, Update
from shared.http.problems import InvalidFields
from shared.http.request import ApiRequest, ApiResponse
from shared.net.address_policy import InvalidUrl

TOKEN_BYTES = 24
_GONE = "There is no such camera."


class TooManyCameras(WrongState):
    """There are as many cameras as one person may have; delete one first."""

    code = "too-many-cameras"


class CameraInUse(WrongState):
    """The camera records; stop its recordings first."""

    code = "camera-in-use"


def create_camera(request: ApiRequest) -> ApiResponse:
    """Register a camera; one that is there gets this name and password. Raises InvalidFields,
    TooManyCameras, LimitReached."""
    form = request.body(NewCamera)
    source = read_camera_source(request, form.source)
    standing = consume(request, rate_limit_policies.changes(request.settings), request.user.uid)
    camera = get_or_create_camera(request, source, form.name)
    if camera.name != form.name:
        request.services.store.commit([Update(camera.path, {"name": form.name})])
        camera = find_camera(request, camera.id)
    headers = {"Location": f"/v1/cameras/{camera.id}", **standing.headers}
    return ApiResponse(_view(request, camera), headers=headers)


def list_cameras(request: ApiRequest) -> ApiResponse:
    """All of them."""
    docs = request.services.store.list_owned_by_id(CAMERAS, request.user.uid)
    return ApiResponse(
        CameraList(cameras=tuple(_view(request, Camera.from_doc(doc)) for doc in docs))
    )


def get_camera(request: ApiRequest) -> ApiResponse:
    """One of them, as it is now."""
    return ApiResponse(_view(request, find_camera(request, request.path_params["camera_id"])))


def delete_camera(request: ApiRequest) -> ApiResponse:
    """Take it away: who previews it sees nothing more. Raises CameraInUse."""
    camera = find_camera(request, request.path_params["camera_id"])
    try:
        request.run(lambda _: session.delete_camera(camera.id))
    except WrongState as records:
        raise CameraInUse from records
    return ApiResponse()


def create_preview(request: ApiRequest) -> ApiResponse:
    """Give a seat and have the camera looked at. Raises TooManyViewers, LimitReached."""
    camera = find_camera(request, request.path_params["camera_id"])
    store, settings, now = request.services.store, request.settings, request.services.clock.now()
    most = settings.max_viewers
    before = count_active_viewers(list_viewers(request, camera.id), now)
    if before >= most:
        raise TooManyViewers(retry_after_s=5)
    standing = consume(request, rate_limit_policies.changes(settings), request.user.uid)
    token = secrets.token_hex(TOKEN_BYTES)
    # A conflict can only be our own commit, repeated after its answer was lost: the token is new.
    store.commit([new_viewer(token, camera.id, camera.owner, now)])
    request.run(lambda clock: session.request_preview(camera.id, clock))
    (seat,) = store.read([viewer_path(token)])
    if seat is None:
        raise NotFound(_GONE)
    view = PreviewView(
        url=f"{settings.downloads_url}/v1/media/previews/{token}",
        expires_at=seat.data["expires_at"],
        viewers=before + 1,
        viewers_most=most,
    )
    return ApiResponse(view, headers={"Location": view.url, **standing.headers})


def list_viewers(request: ApiRequest, camera_id: str) -> tuple[Doc, ...]:
    """A camera's newest seats."""
    where = ("camera", camera_id)
    return request.services.store.list_newest(
        VIEWERS, where, after=None, max_count=MAX_COUNTED_VIEWERS
    )


def read_camera_source(request: ApiRequest, form: SourceRequest) -> Source:
    """The source that is meant. Raises InvalidFields; what was given is repeated nowhere."""
    settings = request.settings
    try:
        if form.url is not None and form.device is None:
            return parse_source(form.url, allow_private=bool(settings.camera_networks))
        if form.device is not None and form.url is None:
            if not settings.allow_camera_devices:
                why = "Cameras of its own machine are recorded by a suite on that machine alone."
                raise InvalidFields([("source.device", why)])
            return device_source(form.device)
    except InvalidUrl as unfit:
        field = "source.url" if form.url is not None else "source.device"
        raise InvalidFields([(field, str(unfit))]) from None
    raise InvalidFields([("source", "Name one source, and no more than one.")])


def get_or_create_camera(request: ApiRequest, source: Source, name: str) -> Camera:
    """The caller's camera at this place, made now when there is none. Raises TooManyCameras."""
    store, owner, now = request.services.store, request.user.uid, request.services.clock.now()
    camera_id = source.camera_id(owner)
    (doc,) = store.read([camera_path(camera_id)])
    if doc is None:
        most = request.settings.max_cameras
        if len(store.list_owned_by_id(CAMERAS, owner, max_count=most)) >= most:
            raise TooManyCameras
        # A conflict is the same camera, registered at this moment by another request.
        store.commit(new_camera(owner, name, source, now))
        return find_camera(request, camera_id)
    if source.user or source.password:
        # Without them it is the address that is shown, told back: it takes no password away.
        known = Update(doc.path, {"credentials": True})
        if store.commit([known, new_camera_secret(owner, source, now)]) is not CommitResult.OK:
            raise NotFound(_GONE)
    return Camera.from_doc(doc)


def find_camera(request: ApiRequest, camera_id: str) -> Camera:
    """The caller's camera. Raises NotFound."""
    (doc,) = request.services.store.read([camera_path(camera_id)])
    if doc is None or doc.data["owner"] != request.user.uid:
        raise NotFound(_GONE)
    return Camera.from_doc(doc)


def _view(request: ApiRequest, camera: Camera) -> CameraView:
    docs = request.services.store.read(map(recording_path, sorted(camera.active_requests)))
    running = [one for one in _recordings(docs) if one.is_running]
    return camera_view(camera, running, request.services.clock.now())


def _recordings(docs: Iterable[Doc | None]) -> list[Recording]:
    return [Recording.from_doc(doc) for doc in docs if doc is not None]
