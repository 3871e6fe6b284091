"""The request and response models of exports and erasures."""

from __future__ import annotations

from shared.flows.documents import Doc
from shared.http.schemas import RequestModel, ResponseModel, Timestamp
from shared.privacy.data_requests import Phase


class ErasureRequest(RequestModel):
    """Whether to delete the account as well."""

    account: bool


class ExportPartView(ResponseModel):
    """A file of an export; `url` redirects to its bytes."""

    name: str
    size_bytes: int
    url: str


class ExportView(ResponseModel):
    """An export of all your data. Once `phase` is `ready`, it has parts, which are kept for a
    week."""

    id: str
    phase: Phase
    requested_at: Timestamp
    kept_until: Timestamp | None
    parts: tuple[ExportPartView, ...]
    error_message: str | None


class ExportList(ResponseModel):
    """All your exports, ordered by id."""

    exports: tuple[ExportView, ...]


class ErasureView(ResponseModel):
    """An erasure. Once `phase` is `erased`, `receipt` is a JWS over Ed25519. `inventory_url` serves
    the list whose SHA-256 the receipt contains, `keys_url` the public keys. Keep `url`: it needs no
    sign-in, and after the account is deleted the erasure cannot be found in any other way. Only the
    response to the request has it; `id` gives no access."""

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


def export_view(doc: Doc) -> ExportView:
    """Returns an export as the API shows it."""
    data = doc.data
    ready = data["phase"] == Phase.READY
    return ExportView(
        id=doc.id,
        phase=Phase(data["phase"]),
        requested_at=data["requested_at"],
        kept_until=data.get("kept_until"),
        parts=tuple(
            ExportPartView(
                name=part["name"],
                size_bytes=part["size_bytes"],
                url=f"/v1/me/exports/{doc.id}/parts/{number}",
            )
            for number, part in enumerate(data["parts"], start=1)
            if ready
        ),
        error_message=(data["error"] or {}).get("message"),
    )


def erasure_view(doc: Doc, erasure_token: str, base: str) -> ErasureView:
    """Returns an erasure as the API shows it to the holder of its token. `base` is the public URL
    of the API."""
    data = doc.data
    url = f"{base}/v1/erasures/{erasure_token}"
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
