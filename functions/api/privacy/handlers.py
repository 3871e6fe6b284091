"""Requests for exports and erasures, which the function `personal_data` executes."""

from __future__ import annotations

import secrets
from datetime import timedelta

from functions.api import rate_limit_policies
from functions.api.download_links import sign_link
from functions.api.privacy.schemas import (
    ErasureRequest,
    ExportList,
    KeySet,
    erasure_view,
    export_view,
)
from shared.capabilities import new_capability
from shared.errors import NotFound
from shared.flows.documents import Create, Doc, all_documents, owned_documents
from shared.http.artifacts import redirect_to
from shared.http.limits.rate_limits import consume
from shared.http.request import ApiRequest, ApiResponse
from shared.privacy.data_requests import (
    DATA_REQUESTS,
    ERASURE,
    EXPORT,
    PERSONAL_DATA,
    Phase,
    add_token,
    is_accessible,
    new_erasure,
    new_export,
)
from shared.recipes.stored_object import Artifact
from shared.tasks.task import task_envelope, task_path

EXPORT_REUSE_S = 3600
"""A request within an hour returns the export of that hour while it is in progress."""
_NOT_FOUND = "There is no such request."


def create_export(request: ApiRequest) -> ApiResponse:
    """Requests an export. Returns the existing one if it is younger than an hour and in progress.

    Raises LimitReached.
    """
    now, owner = request.services.clock.now(), request.user.uid
    for doc in _list_requests(request, EXPORT):
        is_recent = doc.data["requested_at"] > now - timedelta(seconds=EXPORT_REUSE_S)
        if doc.data["finished_at"] is None and is_recent:
            return _export_accepted(doc)
    request_id = secrets.token_hex(10)
    create = new_export(request_id, owner, request.user.email, now)
    return _export_accepted(_submit(request, request_id, create))


def list_exports(request: ApiRequest) -> ApiResponse:
    """Lists your exports until their records expire."""
    return ApiResponse(
        ExportList(exports=tuple(export_view(doc) for doc in _list_requests(request, EXPORT)))
    )


def get_export(request: ApiRequest) -> ApiResponse:
    """Returns an export in its current state."""
    return ApiResponse(export_view(_read_own(request, EXPORT)))


def get_export_part(request: ApiRequest) -> ApiResponse:
    """Redirects to Cloud Storage, which serves a part of the export."""
    return redirect_to(request, _find_part(request))


def get_export_part_link(request: ApiRequest) -> ApiResponse:
    """Returns a link to a part of the export.

    Raises NotFound, SourceExpired.
    """
    return sign_link(request, _find_part(request))


def _find_part(request: ApiRequest) -> Artifact:
    """The part of an export named in the path. Raises NotFound."""
    doc, number = _read_own(request, EXPORT), int(request.path_params["number"])
    parts = doc.data["parts"]
    if doc.data["phase"] != Phase.READY or number > len(parts):
        raise NotFound("The export has no such part.")
    return Artifact.from_dict(parts[number - 1])


def create_erasure(request: ApiRequest) -> ApiResponse:
    """Requests an erasure. Returns the existing one if it is in progress, with another URL.

    Raises LimitReached.
    """
    return _erase(request, account=request.body(ErasureRequest).account)


def delete_account(request: ApiRequest) -> ApiResponse:
    """Requests an erasure that includes the account.

    Raises LimitReached.
    """
    return _erase(request, account=True)


def get_erasure(request: ApiRequest) -> ApiResponse:
    """Returns an erasure in its current state, with its receipt once it is complete."""
    erasure_token = request.path_params["erasure_token"]
    view = erasure_view(_read_erasure(request), erasure_token, request.settings.public_url)
    return ApiResponse(view)


def get_inventory(request: ApiRequest) -> ApiResponse:
    """Redirects to the list of everything that was erased.

    Raises NotFound before the list is complete.
    """
    doc = _read_erasure(request)
    if doc.data["inventory"] is None:
        raise NotFound("The list is not complete yet.")
    return redirect_to(request, Artifact.from_dict(doc.data["inventory"]))


def list_receipt_keys(request: ApiRequest) -> ApiResponse:
    """Lists every key that has ever signed a receipt."""
    docs = request.services.store.run_query(all_documents("receipt_keys"))
    return ApiResponse(KeySet(keys=tuple(dict(doc.data) for doc in docs)))


def _erase(request: ApiRequest, *, account: bool) -> ApiResponse:
    user, token = request.user, new_capability()
    for doc in _list_requests(request, ERASURE):
        if doc.data["finished_at"] is None and doc.data["account"] == account:
            _consume(request)
            # The URL of the first response is not stored, so this response has another one.
            request.services.store.commit([add_token(doc, token)])
            return _erasure_accepted(request, doc, token)
    request_id = secrets.token_hex(10)
    create = new_erasure(
        request_id,
        user.uid,
        account=account,
        email=user.email,
        token=token,
        now=request.services.clock.now(),
    )
    return _erasure_accepted(request, _submit(request, request_id, create), token)


def _consume(request: ApiRequest) -> None:
    consume(request, rate_limit_policies.changes(request.settings), request.user.uid)


def _submit(request: ApiRequest, request_id: str, create: Create) -> Doc:
    """Writes the request and publishes its task. Raises LimitReached."""
    _consume(request)
    # The id is new, so a conflict means that the client library retried this commit after its
    # response was lost.
    request.services.store.commit([create])
    request.services.publisher.publish([task_envelope(PERSONAL_DATA, request_id)])
    (doc,) = request.services.store.read([create.path])
    if doc is None:
        raise NotFound(_NOT_FOUND)
    return doc


def _export_accepted(doc: Doc) -> ApiResponse:
    return ApiResponse(export_view(doc), headers={"Location": f"/v1/me/exports/{doc.id}"})


def _erasure_accepted(request: ApiRequest, doc: Doc, token: str) -> ApiResponse:
    view = erasure_view(doc, f"{doc.id}-{token}", request.settings.public_url)
    return ApiResponse(view, headers={"Location": view.url})


def _list_requests(request: ApiRequest, kind: str) -> list[Doc]:
    docs = request.services.store.run_query(owned_documents(DATA_REQUESTS, request.user.uid))
    return [doc for doc in docs if doc.data["kind"] == kind]


def _read(request: ApiRequest, request_id: str, kind: str) -> Doc:
    (doc,) = request.services.store.read([task_path(PERSONAL_DATA, request_id)])
    if doc is None or doc.data["kind"] != kind:
        raise NotFound(_NOT_FOUND)
    return doc


def _read_own(request: ApiRequest, kind: str) -> Doc:
    doc = _read(request, request.path_params["request_id"], kind)
    if doc.data["owner"] != request.user.uid:
        raise NotFound(_NOT_FOUND)
    return doc


def _read_erasure(request: ApiRequest) -> Doc:
    """Returns the erasure to which the token in the path gives access. Raises NotFound."""
    request_id, _, token = request.path_params["erasure_token"].partition("-")
    doc = _read(request, request_id, ERASURE)
    if not is_accessible(doc, token):
        raise NotFound(_NOT_FOUND)
    return doc
