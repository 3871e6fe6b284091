"""Notification preferences of users: `preferences/{uid}`. Without one, every email is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.flows.documents import Doc
from shared.jobs.model import Status

MAIL_OUTCOMES = (Status.DONE, Status.FAILED, Status.CANCELLED)
"""The outcomes that are sent by email."""


@dataclass(frozen=True, slots=True)
class Preferences:
    """The outcomes of jobs for which a user receives email."""

    mail_outcomes: frozenset[Status] = frozenset(MAIL_OUTCOMES)

    @classmethod
    def from_doc(cls, doc: Doc | None) -> Preferences:
        """Parses a user's document. An outcome that it does not mention is sent."""
        if doc is None:
            return cls()
        mail: Mapping[str, Any] = doc.data["mail"]
        return cls(frozenset(status for status in MAIL_OUTCOMES if mail.get(status, True)))

    def to_dict(self, owner: str) -> dict[str, Any]:
        """Returns the fields for a document."""
        return {
            "owner": owner,
            "mail": {status.value: status in self.mail_outcomes for status in MAIL_OUTCOMES},
        }


def preferences_path(uid: str) -> str:
    """preferences/{uid}"""
    return f"preferences/{uid}"
