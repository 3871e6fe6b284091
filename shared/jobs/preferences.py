"""What a person wants to be told: `preferences/{uid}`. Without a document, everything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.flows.documents import Doc
from shared.jobs.model import Status

MAIL_OUTCOMES = (Status.DONE, Status.FAILED, Status.CANCELLED)
"""The outcomes of which there are letters."""


@dataclass(frozen=True, slots=True)
class Preferences:
    """Of which outcomes a person wants letters."""

    mail_outcomes: frozenset[Status] = frozenset(MAIL_OUTCOMES)

    @classmethod
    def from_doc(cls, doc: Doc | None) -> Preferences:
        """Parse a person's document; what it does not speak of is wanted."""
        if doc is None:
            return cls()
        mail: Mapping[str, Any] = doc.data["mail"]
        return cls(frozenset(one for one in MAIL_OUTCOMES if mail.get(one, True)))

    def to_dict(self, owner: str) -> dict[str, Any]:
        """As it stands in a document."""
        return {
            "owner": owner,
            "mail": {one.value: one in self.mail_outcomes for one in MAIL_OUTCOMES},
        }


def preferences_path(uid: str) -> str:
    """preferences/{uid}"""
    return f"preferences/{uid}"
