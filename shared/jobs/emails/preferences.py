"""Notification preferences of users: `preferences/{uid}`. Without one, every email is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.flows.documents import Doc
from shared.jobs.model import Status
from shared.jobs.webhooks.events import EXPORT_READY, JOB_AWAITING_REVIEW

EXPORT = "export_ready"
MAIL_KINDS = (
    Status.DONE.value, Status.FAILED.value, Status.CANCELLED.value, Status.AWAITING_REVIEW.value,
    EXPORT,
)  # fmt: skip
"""The emails that users choose: about outcomes of jobs, decks to review, and exports."""
_KIND_OF_EVENT: Mapping[str, str] = {
    JOB_AWAITING_REVIEW: Status.AWAITING_REVIEW.value,
    EXPORT_READY: EXPORT,
}


@dataclass(frozen=True, slots=True)
class Preferences:
    """The kinds of emails that a user receives, of MAIL_KINDS."""

    mails: frozenset[str] = frozenset(MAIL_KINDS)

    @classmethod
    def from_doc(cls, doc: Doc | None) -> Preferences:
        """Parses a user's document. A kind that it does not mention is sent."""
        if doc is None:
            return cls()
        mail: Mapping[str, Any] = doc.data["mail"]
        return cls(frozenset(kind for kind in MAIL_KINDS if mail.get(kind, True)))

    def to_dict(self, owner: str) -> dict[str, Any]:
        """Returns the fields for a document."""
        return {"owner": owner, "mail": {kind: kind in self.mails for kind in MAIL_KINDS}}

    def allows(self, event: str) -> bool:
        """Whether the email about an event is sent. One about the security of the account, which
        nobody can choose, always is."""
        return not can_choose(event) or _KIND_OF_EVENT[event] in self.mails


def can_choose(event: str) -> bool:
    """Whether users choose if they get the email about an event."""
    return event in _KIND_OF_EVENT


def preferences_path(uid: str) -> str:
    """preferences/{uid}"""
    return f"preferences/{uid}"
