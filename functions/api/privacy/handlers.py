"""A copy of everything, and the removal of everything: asked for here, done by `personal_data`."""

from __future__ import annotations

import secrets
from datetime import timedelta

from functions.api import rate_limit_policies
from functions.api.rate_limits import consume
from shared.errors import NotFound
from shared.flows.documents import Create, Doc
from shared.http.artifacts import LINK_VALID_S
from shared.http.request import ApiRequest, ApiResponse
from shared.http.schemas import RequestModel, ResponseModel, Timestamp
from shared.privacy.data_requests import (
    DATA_REQUESTS,
    ERASURE,
    EXPORT,
    PERSONAL_DATA,
    Phase,
    new_erasure,
    new_export,
)
from shared.recipes.stored_object import Artifact
from shared.tasks.task import task_envelope, task_path

EXPORT_REUSE_S = 3600
"""Within an hour the copy that there is will do."""
_GONE = "There is no such request."


class ErasureRequest(RequestModel):
    """Whether the account goes as well."""

    account: bool


class ExportPartView(ResponseModel):
    """A file of a copy; `url` answers with a redirect to its bytes."""

    name: str
    size_bytes: int
    url: str


class ExportView(ResponseModel):
    """A copy of everything. It has its parts when `phase` is `ready`, and for a week then."""

    id: str
    phase: Phase
    requested_at: Timestamp
    kept_until: Timestamp | None
    parts: tuple[ExportPartView, ...]
    error_message: str | None


class ExportList(ResponseModel):
    """A person's copies, in the order of their ids."""

    exports: tuple[ExportView, ...]


class ErasureView(ResponseModel):
    """An erasure. `receipt` is a JWS over Ed25519 once `phase` is `erased`; `inventory_url` leads
    to the list whose SHA-256 it holds, `keys_url` to the public keys. Keep `url`: it needs no
    sign-in, and nothing else leads here once the account is gone."""

    id: str
    url: str
    phase: Phase
    account: bool
    requested_at: Timestamp
    next_step_at: Timestamp | None
    error_message: str | None
    receipt: str | None
    inventory_url: str | None
    keys_url: str


class KeySet(ResponseModel):
    """A JWK set (RFC 7517)."""

    keys: tuple[dict[str, str], ...]


def create_export(request: ApiRequest) -> ApiResponse:
    """Ask for a copy; the one of the last hour, if there is one. Raises LimitReached."""
    now, owner = request.services.clock.now(), request.user.uid
    for doc in _mine(request, EXPORT):
        fresh = doc.data["requested_at"] > now - timedelta(seconds=EXPORT_REUSE_S)
        if doc.data["finished_at"] is None and fresh:
            return _accepted(_export(doc), f"/v1/me/exports/{doc.id}")
    number = secrets.token_hex(10)
    doc = _asked(request, number, new_export(number, owner, request.user.email, now))
    return _accepted(_export(doc), f"/v1/me/exports/{number}")


def list_exports(request: ApiRequest) -> ApiResponse:
    """All of them, until they are forgotten."""
    return ApiResponse(ExportList(exports=tuple(_export(doc) for doc in _mine(request, EXPORT))))


def get_export(request: ApiRequest) -> ApiResponse:
    """How far it is."""
    return ApiResponse(_export(_own(request, EXPORT)))


def get_export_part(request: ApiRequest) -> ApiResponse:
    """A redirect to the bytes."""
    return _sent_to(request, find_export_part(request))


def find_export_part(request: ApiRequest) -> Artifact:
    """The part of a copy that the path names. Raises NotFound."""
    doc, number = _own(request, EXPORT), int(request.path_params["number"])
    parts = doc.data["parts"]
    if doc.data["phase"] != Phase.READY or number > len(parts):
        raise NotFound("The copy has no such part.")
    return Artifact.from_dict(parts[number - 1])


def create_erasure(request: ApiRequest) -> ApiResponse:
    """Ask for everything to be removed; the erasure that is under way, if there is one. Raises
    LimitReached."""
    return _erase(request, account=request.body(ErasureRequest).account)


def delete_account(request: ApiRequest) -> ApiResponse:
    """Ask for everything to be removed and the account with it. Raises LimitReached."""
    return _erase(request, account=True)


def get_erasure(request: ApiRequest) -> ApiResponse:
    """How far it is; its receipt at last."""
    return ApiResponse(_erasure(request, _any_erasure(request)))


def get_inventory(request: ApiRequest) -> ApiResponse:
    """A redirect to the list of all that was removed. Raises NotFound before it is complete."""
    doc = _any_erasure(request)
    if doc.data["inventory"] is None:
        raise NotFound("The list is not complete yet.")
    return _sent_to(request, Artifact.from_dict(doc.data["inventory"]))


def list_receipt_keys(request: ApiRequest) -> ApiResponse:
    """Every key that ever signed a receipt."""
    docs = request.services.store.list_documents("receipt_keys")
    return ApiResponse(KeySet(keys=tuple(dict(doc.data) for doc in docs)))


def _erase(request: ApiRequest, *, account: bool) -> ApiResponse:
    for doc in _mine(request, ERASURE):
        if doc.data["finished_at"] is None and doc.data["account"] == account:
            return _accepted(_erasure(request, doc), f"/v1/erasures/{doc.id}")
    number = secrets.token_hex(10)
    now = request.services.clock.now()
    who = request.user
    made = new_erasure(number, who.uid, account=account, email=who.email, now=now)
    return _accepted(_erasure(request, _asked(request, number, made)), f"/v1/erasures/{number}")


def _asked(request: ApiRequest, number: str, made: Create) -> Doc:
    """Write the request and announce it. Raises LimitReached."""
    consume(request, rate_limit_policies.changes(request.settings), request.user.uid)
    # A conflict can only be our own commit, repeated after its answer was lost: the id is new.
    request.services.store.commit([made])
    request.services.publisher.publish([task_envelope(PERSONAL_DATA, number)])
    (doc,) = request.services.store.read([made.path])
    if doc is None:
        raise NotFound(_GONE)
    return doc


def _accepted(view: ResponseModel, location: str) -> ApiResponse:
    return ApiResponse(view, headers={"Location": location})


def _mine(request: ApiRequest, kind: str) -> list[Doc]:
    docs = request.services.store.list_owned_by_id(DATA_REQUESTS, request.user.uid)
    return [doc for doc in docs if doc.data["kind"] == kind]


def _read(request: ApiRequest, kind: str) -> Doc:
    (doc,) = request.services.store.read(
        [task_path(PERSONAL_DATA, request.path_params["request_id"])]
    )
    if doc is None or doc.data["kind"] != kind:
        raise NotFound(_GONE)
    return doc


def _own(request: ApiRequest, kind: str) -> Doc:
    doc = _read(request, kind)
    if doc.data["owner"] != request.user.uid:
        raise NotFound(_GONE)
    return doc


def _any_erasure(request: ApiRequest) -> Doc:
    return _read(request, ERASURE)


def _sent_to(request: ApiRequest, found: Artifact) -> ApiResponse:
    url = request.services.objects.sign_download(found, filename=found.name, valid_s=LINK_VALID_S)
    return ApiResponse.redirect(url)


def _export(doc: Doc) -> ExportView:
    data = doc.data
    ready = data["phase"] == Phase.READY
    return ExportView(
        id=doc.id,
        phase=Phase(data["phase"]),
        requested_at=data["requested_at"],
        kept_until=data.get("kept_until"),
        parts=tuple(
            ExportPartView(
                name=one["name"],
                size_bytes=one["size_bytes"],
                url=f"/v1/me/exports/{doc.id}/parts/{number}",
            )
            for number, one in enumerate(data["parts"], start=1)
            if ready
        ),
        error_message=(data["error"] or {}).get("message"),
    )


def _erasure(request: ApiRequest, doc: Doc) -> ErasureView:
    data, base = doc.data, request.settings.public_url
    url = f"{base}/v1/erasures/{doc.id}"
    return ErasureView(
        id=doc.id,
        url=url,
        phase=Phase(data["phase"]),
        account=data["account"],
        requested_at=data["requested_at"],
        next_step_at=None if data["finished_at"] or data["receipt"] else data["due_at"],
        error_message=(data["error"] or {}).get("message"),
        receipt=data["receipt"],
        inventory_url=f"{url}/inventory" if data["receipt"] else None,
        keys_url=f"{base}/v1/receipt-keys",
    )
