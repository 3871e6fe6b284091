"""API keys: programs use them instead of the password of the account."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field

from functions.api import rate_limit_policies
from functions.api.fields import Line
from shared.api_keys import API_KEYS, ApiKey, Scope, create_key, find_key_id, key_path, new_key
from shared.errors import NotFound, WrongState
from shared.flows.documents import Create, Delete, owned_documents
from shared.http.limits.rate_limits import consume
from shared.http.request import ApiRequest, ApiResponse
from shared.http.schemas import RequestModel, ResponseModel, Timestamp
from shared.jobs.webhooks.events import API_KEY_CREATED, event_messages, new_event

MAX_KEYS = 20
"""Per user."""
MAX_NAME_CHARS = 80
DEFAULT_VALID_DAYS = 90
_NO_SUCH_KEY = "There is no such API key."


class TooManyKeys(WrongState):
    """You have the maximum number of API keys; delete one first."""

    code = "too-many-keys"


class KeyRequest(RequestModel):
    """An API key to create: a name for it, what it may be used for, and its validity in days. A
    scope to write includes the one to read. `valid_days` of null creates a key that does not
    expire."""

    name: Annotated[Line, Field(max_length=MAX_NAME_CHARS)]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(Scope))]
    valid_days: Annotated[int, Field(ge=1, le=3650)] | None = DEFAULT_VALID_DAYS


class KeyView(ResponseModel):
    """An API key. `prefix` is how it begins; the key itself is only in the response that created
    it. `last_used_at` may be ten minutes old."""

    id: str
    name: str
    prefix: str
    scopes: tuple[Scope, ...]
    created_at: Timestamp
    expires_at: Timestamp | None
    last_used_at: Timestamp | None


class NewKeyView(KeyView):
    """A new API key. Send `key` as `Authorization: Bearer`. It is not stored and cannot be shown
    again."""

    key: str


class KeyList(ResponseModel):
    """All your API keys, newest first, expired ones included until they are deleted."""

    keys: tuple[KeyView, ...]


def create_api_key(request: ApiRequest) -> ApiResponse:
    """Creates an API key. A request whose response was lost leaves a key that nobody knows.

    Raises InvalidFields, TooManyKeys, LimitReached.
    """
    store, owner = request.services.store, request.user.uid
    key = new_key()
    path = key_path(find_key_id(key))
    body = request.body(KeyRequest)
    if len(store.run_query(owned_documents(API_KEYS, owner, limit=MAX_KEYS))) >= MAX_KEYS:
        raise TooManyKeys
    rate_limit = consume(request, rate_limit_policies.changes(request.settings), owner)
    now = request.services.clock.now()
    expires_at = None if body.valid_days is None else now + timedelta(days=body.valid_days)
    # The key is new, so a conflict means that the client library retried this commit after its
    # response was lost.
    create = create_key(
        key, owner=owner, name=body.name, scopes=body.scopes, now=now, expires_at=expires_at
    )
    notice = _creation_notice(request, create)
    store.commit([create, notice])
    request.services.publisher.publish(event_messages([notice]))
    (doc,) = store.read([path])
    if doc is None:
        raise NotFound(_NO_SUCH_KEY)
    return _created(key, ApiKey.from_doc(doc), **rate_limit.headers)


def list_api_keys(request: ApiRequest) -> ApiResponse:
    """Lists your API keys."""
    docs = request.services.store.run_query(owned_documents(API_KEYS, request.user.uid))
    keys = sorted(map(ApiKey.from_doc, docs), key=lambda key: key.created_at, reverse=True)
    return ApiResponse(KeyList(keys=tuple(KeyView(**_fields(key)) for key in keys)))


def delete_api_key(request: ApiRequest) -> ApiResponse:
    """Deletes an API key. Instances that know it accept it for up to a minute."""
    path = key_path(request.path_params["key_id"])
    (doc,) = request.services.store.read([path])
    if doc is None or doc.data["owner"] != request.user.uid:
        raise NotFound(_NO_SUCH_KEY)
    request.services.store.commit([Delete(path)])
    return ApiResponse()


def _creation_notice(request: ApiRequest, create: Create) -> Create:
    """Returns the write that creates the email to the user about a new key."""
    data = create.data
    return new_event(
        API_KEY_CREATED,
        request.user.uid,
        {
            "name": data["name"],
            "prefix": data["prefix"],
            "scopes": data["scopes"],
            "expires_at": data["expires_at"] and data["expires_at"].isoformat(),
        },
        data["created_at"],
        key=(create.path,),
        email=request.user.email,
    )


def _created(key: str, api_key: ApiKey, **headers: str) -> ApiResponse:
    view = NewKeyView(**_fields(api_key), key=key)
    return ApiResponse(view, headers={"Location": f"/v1/me/keys/{api_key.id}", **headers})


def _fields(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "prefix": key.prefix,
        "scopes": tuple(sorted(key.scopes)),
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "last_used_at": key.last_used_at,
    }
