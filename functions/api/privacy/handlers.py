"""A copy of everything, and the removal of everything: asked for here, done by `personal_data`."""

from __future__ import annotations

import secrets
from datetime import timedelta

from functions.api import rate_limit_policies
from functions.api.rate_limits import take
from shared.errors import NotFound
from shared.flows.documents import Create, Doc
from shared.http.artifacts import LINK_VALID_S
from shared.http.request import Answer, Call
from shared.http.schemas import Form, Moment, Told
from shared.privacy.data_requests import (
    ERASURE,
    EXPORT,
    PERSONAL_DATA,
    REQUESTS,
    Phase,
    new_erasure,
    new_export,
)
from shared.recipes.stored_object import Artefact
from shared.tasks.task import errand_envelope, errand_path

EXPORTED_AGAIN_S = 3600
"""Within an hour the copy that there is will do."""
_GONE = "There is no such request."


class ErasureWish(Form):
    """Whether the account goes as well."""

    account: bool


class PartView(Told):
    """A file of a copy; `url` answers with a redirect to its bytes."""

    name: str
    size_bytes: int
    url: str


class ExportView(Told):
    """A copy of everything. It has its parts when `phase` is `ready`, and for a week then."""

    id: str
    phase: Phase
    requested_at: Moment
    kept_until: Moment | None
    parts: tuple[PartView, ...]
    error_message: str | None


class ExportList(Told):
    """A person's copies, in the order of their ids."""

    exports: tuple[ExportView, ...]


class ErasureView(Told):
    """An erasure. `receipt` is a JWS over Ed25519 once `phase` is `erased`; `inventory_url` leads
    to the list whose SHA-256 it holds, `keys_url` to the public keys. Keep `url`: it needs no
    sign-in, and nothing else leads here once the account is gone."""

    id: str
    url: str
    phase: Phase
    account: bool
    requested_at: Moment
    next_step_at: Moment | None
    error_message: str | None
    receipt: str | None
    inventory_url: str | None
    keys_url: str


class KeySet(Told):
    """A JWK set (RFC 7517)."""

    keys: tuple[dict[str, str], ...]


def create_export(call: Call) -> Answer:
    """Ask for a copy; the one of the last hour, if there is one. Raises LimitReached."""
    now, owner = call.world.clock.now(), call.user.uid
    for doc in _mine(call, EXPORT):
        fresh = doc.data["requested_at"] > now - timedelta(seconds=EXPORTED_AGAIN_S)
        if doc.data["finished_at"] is None and fresh:
            return _accepted(_export(doc), f"/v1/me/exports/{doc.id}")
    number = secrets.token_hex(10)
    doc = _asked(call, number, new_export(number, owner, call.user.email, now))
    return _accepted(_export(doc), f"/v1/me/exports/{number}")


def list_exports(call: Call) -> Answer:
    """All of them, until they are forgotten."""
    return Answer(ExportList(exports=tuple(_export(doc) for doc in _mine(call, EXPORT))))


def get_export(call: Call) -> Answer:
    """How far it is."""
    return Answer(_export(_own(call, EXPORT)))


def get_export_part(call: Call) -> Answer:
    """A redirect to the bytes."""
    return _sent_to(call, own_part(call))


def own_part(call: Call) -> Artefact:
    """The part of a copy that the path names. Raises NotFound."""
    doc, number = _own(call, EXPORT), int(call.named["number"])
    parts = doc.data["parts"]
    if doc.data["phase"] != Phase.READY or number > len(parts):
        raise NotFound("The copy has no such part.")
    return Artefact.from_dict(parts[number - 1])


def create_erasure(call: Call) -> Answer:
    """Ask for everything to be removed; the erasure that is under way, if there is one. Raises
    LimitReached."""
    return _erase(call, account=call.body(ErasureWish).account)


def delete_account(call: Call) -> Answer:
    """Ask for everything to be removed and the account with it. Raises LimitReached."""
    return _erase(call, account=True)


def get_erasure(call: Call) -> Answer:
    """How far it is; its receipt at last."""
    return Answer(_erasure(call, _any_erasure(call)))


def get_inventory(call: Call) -> Answer:
    """A redirect to the list of all that was removed. Raises NotFound before it is complete."""
    doc = _any_erasure(call)
    if doc.data["inventory"] is None:
        raise NotFound("The list is not complete yet.")
    return _sent_to(call, Artefact.from_dict(doc.data["inventory"]))


def list_keys(call: Call) -> Answer:
    """Every key that ever signed a receipt."""
    docs = call.world.store.list_under("receipt_keys")
    return Answer(KeySet(keys=tuple(dict(doc.data) for doc in docs)))


def _erase(call: Call, *, account: bool) -> Answer:
    for doc in _mine(call, ERASURE):
        if doc.data["finished_at"] is None and doc.data["account"] == account:
            return _accepted(_erasure(call, doc), f"/v1/erasures/{doc.id}")
    number = secrets.token_hex(10)
    now = call.world.clock.now()
    who = call.user
    made = new_erasure(number, who.uid, account=account, email=who.email, now=now)
    return _accepted(_erasure(call, _asked(call, number, made)), f"/v1/erasures/{number}")


def _asked(call: Call, number: str, made: Create) -> Doc:
    """Write the request and announce it. Raises LimitReached."""
    take(call, rate_limit_policies.changes(call.settings), call.user.uid)
    # A conflict can only be our own commit, repeated after its answer was lost: the id is new.
    call.world.store.commit([made])
    call.world.publisher.publish([errand_envelope(PERSONAL_DATA, number)])
    (doc,) = call.world.store.read([made.path])
    if doc is None:
        raise NotFound(_GONE)
    return doc


def _accepted(view: Told, location: str) -> Answer:
    return Answer(view, headers={"Location": location})


def _mine(call: Call, kind: str) -> list[Doc]:
    docs = call.world.store.documents_of(REQUESTS, call.user.uid)
    return [doc for doc in docs if doc.data["kind"] == kind]


def _read(call: Call, kind: str) -> Doc:
    (doc,) = call.world.store.read([errand_path(PERSONAL_DATA, call.named["request_id"])])
    if doc is None or doc.data["kind"] != kind:
        raise NotFound(_GONE)
    return doc


def _own(call: Call, kind: str) -> Doc:
    doc = _read(call, kind)
    if doc.data["owner"] != call.user.uid:
        raise NotFound(_GONE)
    return doc


def _any_erasure(call: Call) -> Doc:
    return _read(call, ERASURE)


def _sent_to(call: Call, found: Artefact) -> Answer:
    url = call.world.objects.sign_download(found, filename=found.name, valid_s=LINK_VALID_S)
    return Answer.redirect(url)


def _export(doc: Doc) -> ExportView:
    data = doc.data
    ready = data["phase"] == Phase.READY
    return ExportView(
        id=doc.id,
        phase=Phase(data["phase"]),
        requested_at=data["requested_at"],
        kept_until=data.get("kept_until"),
        parts=tuple(
            PartView(
                name=one["name"],
                size_bytes=one["size_bytes"],
                url=f"/v1/me/exports/{doc.id}/parts/{number}",
            )
            for number, one in enumerate(data["parts"], start=1)
            if ready
        ),
        error_message=(data["error"] or {}).get("message"),
    )


def _erasure(call: Call, doc: Doc) -> ErasureView:
    data, base = doc.data, call.settings.public_url
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
