"""Pictures that a user adds to a deck."""

from __future__ import annotations

from functions.api import rate_limit_policies
from functions.api.decks.schemas import DeckPictureRequest, DeckPictureView
from functions.api.jobs.uploads import UPLOAD_VALID_S, UploadGrant
from functions.api.storage import check_storage
from shared.errors import NotFound
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


def add_picture(request: ApiRequest) -> ApiResponse:
    """Declares a picture of the deck, and returns the request that uploads it. The same picture
    again gets another URL, until it is uploaded.

    Raises NotFound, InvalidFields, StorageFull, LimitReached.
    """
    body = request.body(DeckPictureRequest)
    if DeckResult.find(request.job.facts) is None:
        raise NotFound("The job has no deck yet.")
    rate_limit = consume(request, rate_limit_policies.uploads(request.settings), request.user.uid)
    picture = _declare(
        request, AddedPicture(body.sha256, body.filename, body.content_type, body.size_bytes)
    )
    name = added_object_name(request.job.id, picture.reference)
    grant = None
    if request.services.objects.stat(Bucket.WORK, name) is None:
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
    declared = {picture.reference for picture in request.job.deck_pictures}
    shown = {slide.picture for slide in deck.slides if slide.picture in declared}
    objects, job_id = request.services.objects, request.job.id
    return {
        reference
        for reference in shown
        if reference is not None
        and objects.stat(Bucket.WORK, added_object_name(job_id, reference)) is not None
    }


def _declare(request: ApiRequest, picture: AddedPicture) -> AddedPicture:
    """Returns the picture as it is declared in the job, now or before."""
    store = request.services.store
    while True:
        (doc,) = store.read([job_path(request.job.id)])
        if doc is None or doc.data["status"] == Status.DELETED:
            raise NotFound("There is no such job.")
        job = Job.from_doc(doc)
        declared = next((p for p in job.deck_pictures if p.sha256 == picture.sha256), None)
        if declared is not None:
            return declared
        if len(job.deck_pictures) >= MAX_ADDED_PICTURES:
            message = f"At most {MAX_ADDED_PICTURES} pictures can be added to a deck."
            raise InvalidFields([("sha256", message)])
        check_storage(request, picture.size_bytes)
        write = declare_picture(job, picture, request.services.clock.now())
        if store.commit((write,)) is CommitResult.OK:
            return picture
