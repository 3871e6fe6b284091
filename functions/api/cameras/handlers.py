"""Cameras: registration, status and preview tokens."""

from __future__ import annotations

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
from shared.cameras import session
from shared.cameras.camera import CAMERAS, Camera, camera_path, new_camera
from shared.cameras.camera_secret import new_camera_secret
from shared.cameras.recording import Recording, recording_path
from shared.cameras.source import Source, device_source, parse_source
from shared.cameras.viewers import (
    TooManyViewers,
    count_active_viewers,
    new_viewer,
    newest_viewers,
    viewer_path,
)
from shared.capabilities import new_capability
from shared.entrypoints.encryption import camera_encrypter
from shared.errors import NotFound, WrongState
from shared.flows.documents import CommitResult, Doc, Update, owned_documents
from shared.http.limits.rate_limits import consume
from shared.http.problems import InvalidFields
from shared.http.request import ApiRequest, ApiResponse
from shared.net.address_policy import InvalidUrl

_NOT_FOUND = "There is no such camera."


class TooManyCameras(WrongState):
    """You have the maximum number of cameras; delete one first."""

    code = "too-many-cameras"


class CameraInUse(WrongState):
    """The camera is recording; stop its recordings first."""

    code = "camera-in-use"


def create_camera(request: ApiRequest) -> ApiResponse:
    """Registers a camera. If its source is registered already, updates that camera's name and
    password.

    Raises InvalidFields, TooManyCameras, LimitReached.
    """
    body = request.body(NewCamera)
    source = read_camera_source(request, body.source)
    rate_limit = consume(request, rate_limit_policies.changes(request.settings), request.user.uid)
    camera = get_or_create_camera(request, source, body.name)
    if camera.name != body.name:
        request.services.store.commit([Update(camera.path, {"name": body.name})])
        camera = find_camera(request, camera.id)
    headers = {"Location": f"/v1/cameras/{camera.id}", **rate_limit.headers}
    return ApiResponse(_view(request, camera), headers=headers)


def list_cameras(request: ApiRequest) -> ApiResponse:
    """Lists your cameras."""
    docs = request.services.store.run_query(owned_documents(CAMERAS, request.user.uid))
    return ApiResponse(
        CameraList(cameras=tuple(_view(request, Camera.from_doc(doc)) for doc in docs))
    )


def get_camera(request: ApiRequest) -> ApiResponse:
    """Returns a camera with its current status."""
    return ApiResponse(_view(request, find_camera(request, request.path_params["camera_id"])))


def delete_camera(request: ApiRequest) -> ApiResponse:
    """Deletes a camera and ends its previews.

    Raises CameraInUse.
    """
    camera = find_camera(request, request.path_params["camera_id"])
    try:
        request.run(lambda _: session.delete_camera(camera.id))
    except WrongState as error:
        raise CameraInUse from error
    return ApiResponse()


def create_preview(request: ApiRequest) -> ApiResponse:
    """Creates a preview token and starts the preview of the camera.

    Raises TooManyViewers, TooManyWatchedCameras, LimitReached.
    """
    camera = find_camera(request, request.path_params["camera_id"])
    store, settings, now = request.services.store, request.settings, request.services.clock.now()
    viewer_count = count_active_viewers(list_viewers(request, camera.id), now)
    if viewer_count >= settings.max_viewers:
        raise TooManyViewers(retry_after_s=5)
    rate_limit = consume(request, rate_limit_policies.changes(settings), request.user.uid)
    request.run(
        lambda clock: session.request_preview(
            camera.id, clock, max_watched=settings.max_watched_cameras
        )
    )
    token = new_capability()
    # The token is new, so a conflict means that the client library retried this commit after its
    # response was lost.
    store.commit([new_viewer(token, camera.id, camera.owner, now)])
    (viewer,) = store.read([viewer_path(token)])
    if viewer is None:
        raise NotFound(_NOT_FOUND)
    view = PreviewView(
        url=f"{settings.downloads_url}/v1/media/previews/{token}",
        expires_at=viewer.data["expires_at"],
        viewers=viewer_count + 1,
        viewers_most=settings.max_viewers,
    )
    return ApiResponse(view, headers={"Location": view.url, **rate_limit.headers})


def list_viewers(request: ApiRequest, camera_id: str) -> tuple[Doc, ...]:
    """Returns the newest viewer documents of a camera."""
    return request.services.store.run_query(newest_viewers(camera_id))


def read_camera_source(request: ApiRequest, source_request: SourceRequest) -> Source:
    """Parses a camera source. Raises InvalidFields; its text never repeats the input."""
    settings = request.settings
    try:
        if source_request.url is not None and source_request.device is None:
            return parse_source(source_request.url, allow_private=bool(settings.camera_networks))
        if source_request.device is not None and source_request.url is None:
            if not settings.allow_camera_devices:
                message = "Local camera devices are available only when Moodreel runs locally."
                raise InvalidFields([("source.device", message)])
            return device_source(source_request.device)
    except InvalidUrl as error:
        field = "source.url" if source_request.url is not None else "source.device"
        raise InvalidFields([(field, str(error))]) from None
    raise InvalidFields([("source", "Give exactly one source.")])


def get_or_create_camera(request: ApiRequest, source: Source, name: str) -> Camera:
    """Returns the caller's camera at this source; registers it first if it is new.

    Raises TooManyCameras.
    """
    store, owner, now = request.services.store, request.user.uid, request.services.clock.now()
    camera_id = source.camera_id(owner)
    encrypt = camera_encrypter(request.settings)
    (doc,) = store.read([camera_path(camera_id)])
    if doc is None:
        limit = request.settings.max_cameras
        if len(store.run_query(owned_documents(CAMERAS, owner, limit=limit))) >= limit:
            raise TooManyCameras
        # A conflict is the same camera, registered by a concurrent request.
        store.commit(new_camera(owner, name, source, encrypt, now))
        return find_camera(request, camera_id)
    if source.user or source.password:
        # A URL without credentials may be the displayed address: it does not remove a password.
        update = Update(doc.path, {"credentials": True})
        secret = new_camera_secret(owner, source, encrypt, now)
        if store.commit([update, secret]) is not CommitResult.OK:
            raise NotFound(_NOT_FOUND)
    return Camera.from_doc(doc)


def find_camera(request: ApiRequest, camera_id: str) -> Camera:
    """Returns the caller's camera. Raises NotFound."""
    (doc,) = request.services.store.read([camera_path(camera_id)])
    if doc is None or doc.data["owner"] != request.user.uid:
        raise NotFound(_NOT_FOUND)
    return Camera.from_doc(doc)


def _view(request: ApiRequest, camera: Camera) -> CameraView:
    docs = request.services.store.read(map(recording_path, sorted(camera.active_requests)))
    running = [recording for recording in _recordings(docs) if recording.is_running]
    return camera_view(camera, running, request.services.clock.now())


def _recordings(docs: Iterable[Doc | None]) -> list[Recording]:
    return [Recording.from_doc(doc) for doc in docs if doc is not None]
