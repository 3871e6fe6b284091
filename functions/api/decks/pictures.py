"""Pictures that a user adds to a deck."""

from __future__ import annotations

import hashlib

from functions.api import rate_limit_policies
from functions.api.decks.schemas import DeckPictureRequest, DeckPictureView
from functions.api.jobs.uploads import UPLOAD_VALID_S, UploadGrant
from functions.api.storage import check_storage
from shared.errors import NotFound, SourceExpired
from shared.flows.documents import CommitResult, job_path
from shared.http.limits.rate_limits import consume
from shared.http.problems import InvalidFields
from shared.http.request import ApiRequest, ApiResponse
from shared.jobs.deck_pictures import declare_picture
from shared.jobs.model import Job, Status
from shared.pipeline import Bucket
from shared.recipes.films.added_pictures import (
    MAX_ADDED_PICTURES,
    AddedPicture,
    added_object_name,
)
from shared.recipes.films.deck import Deck
from shared.recipes.results import DeckResult

_BLOCK_BYTES = 4 << 20


def add_picture(request: ApiRequest) -> ApiResponse:
    """Declares a picture of the deck, and returns the request that uploads it. The same picture
    again gets another URL, until it is uploaded. Other bytes that were uploaded in its place are
    deleted, and it is declared anew.

    Raises NotFound, InvalidFields, StorageFull, LimitReached.
    """
    body = request.body(DeckPictureRequest)
    if DeckResult.find(request.job.facts) is None:
        raise NotFound("The job has no deck yet.")
    rate_limit = consume(request, rate_limit_policies.uploads(request.settings), request.user.uid)
    picture = AddedPicture(body.sha256, body.filename, body.content_type, body.size_bytes)
    name = added_object_name(request.job.id, picture.reference)
    grant = None
    is_uploaded = _has_upload(request, picture)
    _declare(request, picture, replaces=not is_uploaded)
    if not is_uploaded:
        signed = request.services.objects.sign_upload(
            Bucket.WORK,
            name,
            content_type=picture.content_type,
            max_bytes=picture.size_bytes,
            valid_s=UPLOAD_VALID_S,
        )
        grant = UploadGrant(
            method=signed.method,
            url=signed.url,
            headers=dict(signed.headers),
            expires_at=signed.expires_at,
        )
    view = DeckPictureView(picture=picture.reference, upload=grant)
    return ApiResponse(view, headers=rate_limit.headers)


def find_uploaded(request: ApiRequest, deck: Deck) -> set[str]:
    """Returns the references of the added pictures that a deck shows and that are uploaded."""
    shown = {slide.picture for slide in deck.slides}
    return {item.reference for item in list_uploaded(request) if item.reference in shown}


def list_uploaded(request: ApiRequest) -> tuple[AddedPicture, ...]:
    """Returns the added pictures of the job that are uploaded, in the order of their
    declarations."""
    job = request.job
    if not job.deck_pictures:
        return ()
    prefix = added_object_name(job.id, "")
    names = {item.name for item in request.services.objects.list_objects(Bucket.WORK, prefix)}
    return tuple(
        picture
        for picture in job.deck_pictures
        if added_object_name(job.id, picture.reference) in names
    )


def _has_upload(request: ApiRequest, picture: AddedPicture) -> bool:
    """Whether the picture is uploaded. An object with other bytes is deleted."""
    objects = request.services.objects
    stored = objects.stat(Bucket.WORK, added_object_name(request.job.id, picture.reference))
    if stored is None:
        return False
    read, digest = objects.range_reader(stored.bucket, *stored.version), hashlib.sha256()
    try:
        for offset in range(0, stored.size_bytes, _BLOCK_BYTES):
            digest.update(read(offset, min(_BLOCK_BYTES, stored.size_bytes - offset)))
    except SourceExpired:
        # A concurrent request deleted it.
        return False
    if digest.hexdigest() == picture.sha256:
        return True
    objects.delete(stored.bucket, *stored.version)
    return False


def _declare(request: ApiRequest, picture: AddedPicture, *, replaces: bool) -> None:
    """Declares a picture in the job. With `replaces`, one that is declared with another type or
    size gets those of this one."""
    store = request.services.store
    while True:
        (doc,) = store.read([job_path(request.job.id)])
        if doc is None or doc.data["status"] == Status.DELETED:
            raise NotFound("There is no such job.")
        job = Job.from_doc(doc)
        declared = next((p for p in job.deck_pictures if p.sha256 == picture.sha256), None)
        if declared is not None and (declared == picture or not replaces):
            return
        if declared is None and len(job.deck_pictures) >= MAX_ADDED_PICTURES:
            message = f"At most {MAX_ADDED_PICTURES} pictures can be added to a deck."
            raise InvalidFields([("sha256", message)])
        declared_bytes = 0 if declared is None else declared.size_bytes
        if picture.size_bytes > declared_bytes:
            check_storage(request, picture.size_bytes - declared_bytes)
        write = declare_picture(job, picture, request.services.clock.now())
        if store.commit((write,)) is CommitResult.OK:
            return
