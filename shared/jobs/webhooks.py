"""Webhooks: `webhooks/{id}`, the servers that users register, and the secrets that sign calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from shared.flows.documents import Create, Doc, Update

WEBHOOKS = "webhooks"
OLD_SECRET_S = 24 * 3600
"""How long calls are also signed with the previous secret after a rotation."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A signing secret: `whsec_` and 32 bytes in base64. The current one has no `valid_until`."""

    value: str = field(repr=False)
    valid_until: datetime | None

    def to_dict(self) -> dict[str, Any]:
        """Returns the fields for a document."""
        return {"value": self.value, "valid_until": self.valid_until}


@dataclass(frozen=True, slots=True)
class Webhook:
    """A user's server that is called. `disabled` is the reason why it is not called, or ""."""

    id: str
    owner: str
    url: str
    events: tuple[str, ...]
    disabled: str
    secrets: tuple[Secret, ...]
    created_at: datetime
    tested_at: datetime | None
    version: Any = field(compare=False)

    @classmethod
    def from_doc(cls, doc: Doc) -> Webhook:
        """Parses a webhook's document."""
        data = doc.data
        return cls(
            id=doc.id,
            owner=data["owner"],
            url=data["url"],
            events=tuple(data["events"]),
            disabled=data["disabled"],
            secrets=tuple(Secret(row["value"], row["valid_until"]) for row in data["secrets"]),
            created_at=data["created_at"],
            tested_at=data["tested_at"],
            version=doc.version,
        )

    def secrets_at(self, now: datetime) -> tuple[str, ...]:
        """Returns the secrets that sign calls at `now`, the current one first."""
        return tuple(
            secret.value
            for secret in self.secrets
            if secret.valid_until is None or secret.valid_until > now
        )


def webhook_path(webhook_id: str) -> str:
    """webhooks/{webhook}"""
    return f"{WEBHOOKS}/{webhook_id}"


def new_webhook(
    webhook_id: str, owner: str, url: str, events: tuple[str, ...], secret: str, now: datetime
) -> Create:
    """Returns the write that registers a webhook."""
    return Create(
        webhook_path(webhook_id),
        {
            "owner": owner,
            "url": url,
            "events": list(events),
            "disabled": "",
            "secrets": [Secret(secret, None).to_dict()],
            "created_at": now,
            "tested_at": None,
        },
    )


def secret_rotation(webhook: Webhook, secret: str, now: datetime) -> Update:
    """Returns the write that makes `secret` the current one. The previous one stays valid for
    another day."""
    valid_until = now + timedelta(seconds=OLD_SECRET_S)
    previous = [Secret(old.value, valid_until) for old in webhook.secrets[:1]]
    secrets = [row.to_dict() for row in (Secret(secret, None), *previous)]
    return Update(webhook_path(webhook.id), {"secrets": secrets}, webhook.version)
