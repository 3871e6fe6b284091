"""The suite's ledger over REST, past the rules: to look behind the API and to turn clocks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from infra.local.layout import PROJECT
from infra.local.tenant import Tenant
from infra.local.wire import request

ADMIN = {"Authorization": "Bearer owner"}


def read(suite: Tenant, path: str) -> dict[str, Any] | None:
    """A document's fields, or None without the document."""
    answer = request("GET", f"{_root(suite)}/{path}", headers=ADMIN)
    if answer.status == 404:
        return None
    return {name: _value(one) for name, one in answer.json().get("fields", {}).items()}


def change(suite: Tenant, path: str, fields: Mapping[str, Any]) -> None:
    """Set some fields of a document, which is made when there is none."""
    mask = "&".join(f"updateMask.fieldPaths={name}" for name in fields)
    body = {"fields": {name: _typed(value) for name, value in fields.items()}}
    answer = request("PATCH", f"{_root(suite)}/{path}?{mask}", body, headers=ADMIN)
    assert answer.status == 200, answer.body


def where(suite: Tenant, collection: str, field: str, value: Any) -> dict[str, dict[str, Any]]:
    """Documents of all collections of this name with this value, by their ids."""
    query = {
        "from": [{"collectionId": collection, "allDescendants": True}],
        "where": {
            "fieldFilter": {"field": {"fieldPath": field}, "op": "EQUAL", "value": _typed(value)}
        },
    }
    rows = request("POST", f"{_root(suite)}:runQuery", {"structuredQuery": query}, headers=ADMIN)
    return {
        row["document"]["name"].rsplit("/", 1)[1]: {
            name: _value(one) for name, one in row["document"]["fields"].items()
        }
        for row in rows.json()
        if "document" in row
    }


def _root(suite: Tenant) -> str:
    return f"{suite.url('firestore')}/v1/projects/{PROJECT}/databases/(default)/documents"


def _typed(value: Any) -> dict[str, Any]:
    match value:
        case bool():
            return {"booleanValue": value}
        case int():
            return {"integerValue": str(value)}
        case datetime():
            return {"timestampValue": value.astimezone(UTC).isoformat().replace("+00:00", "Z")}
        case list():
            return {"arrayValue": {"values": [_typed(one) for one in value]}}
        case dict():
            fields = {name: _typed(one) for name, one in value.items()}
            return {"mapValue": {"fields": fields}}
        case _:
            return {"stringValue": str(value)}


def _value(typed: Mapping[str, Any]) -> Any:
    ((kind, value),) = typed.items()
    match kind:
        case "integerValue":
            return int(value)
        case "nullValue":
            return None
        case "timestampValue":
            return datetime.fromisoformat(value)
        case "mapValue":
            return {name: _value(one) for name, one in value.get("fields", {}).items()}
        case "arrayValue":
            return [_value(one) for one in value.get("values", [])]
        case _:
            return value
