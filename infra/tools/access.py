"""IAM roles of each function's service account, from the access that its row of the table declares.

`tests/emulator/suite/test_access.py` compares them with what the functions really ask of Cloud
Storage.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from shared.pipeline import (
    SECRET_BACKENDS,
    STAGES,
    AccountAccess,
    Finalized,
    GeminiBackend,
    Message,
    Stage,
)

READS = "roles/storage.objectViewer"
# Not objectCreator: a create-only write to an existing object is answered with 412 only to an
# account that could also replace it. For others the answer is 403, which says nothing.
WRITES = "roles/storage.objectUser"
FIRESTORE = "roles/datastore.user"
PUBLISHES = "roles/pubsub.publisher"
SECRETS = "roles/secretmanager.secretAccessor"
SIGNS_URLS = "roles/iam.serviceAccountTokenCreator"
ACCOUNTS = {
    AccountAccess.VIEW: "roles/firebaseauth.viewer",
    AccountAccess.ADMIN: "roles/firebaseauth.admin",
}
TRACES = "roles/cloudtrace.agent"
# It holds aiplatform.endpoints.predict, which a request to a Gemini model needs. Google's own
# models are no resources of the project, so the role is on the project.
ASKS_VERTEX_AI = "roles/aiplatform.user"


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """A role on one resource. `on` is project, bucket, topic, secret or self; `prefix` narrows a
    bucket to the objects whose names begin with it. `backend` is the one
    backend of Gemini with which it is granted, "" for any."""

    on: str
    name: str
    role: str
    prefix: str = ""
    backend: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As Terraform reads it."""
        fields = asdict(self)
        if not self.backend:
            del fields["backend"]
        return fields


def grants(row: Stage) -> list[Grant]:
    """Returns every role of a function's service account, sorted."""
    access = row.access
    result = {Grant("bucket", bucket.value, READS, prefix) for bucket, prefix in access.read}
    result |= {Grant("bucket", bucket.value, WRITES, prefix) for bucket, prefix in access.write}
    result |= {Grant("topic", STAGES[name].topic, PUBLISHES) for name in access.publish}
    result |= {
        Grant("secret", name, SECRETS, backend=SECRET_BACKENDS.get(name, ""))
        for name in row.secrets
    }
    if access.vertex_ai:
        result.add(Grant("project", "", ASKS_VERTEX_AI, backend=GeminiBackend.VERTEX_AI))
    if access.firestore:
        result.add(Grant("project", "", FIRESTORE))
    if access.traces:
        result.add(Grant("project", "", TRACES))
    if access.sign_urls:
        result.add(Grant("self", "", SIGNS_URLS))
    if access.accounts is not AccountAccess.NONE:
        result.add(Grant("project", "", ACCOUNTS[access.accounts]))
    return sorted(result)


def takes_envelopes(row: Stage) -> bool:
    """Whether other functions may publish on its topic. Only Pub/Sub itself publishes to
    dead_letter, and only Cloud Scheduler to a scheduled function."""
    return isinstance(row.trigger, (Message, Finalized)) and row.name != "dead_letter"


def table() -> str:
    """Returns the access of every function as a Markdown table."""
    lines = [
        "| function | reads | writes and removes | announces | else |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in STAGES.values():
        if row.built:
            granted = grants(row)
            cells = [
                _prefixes(granted, READS),
                _prefixes(granted, WRITES),
                _published(row),
                _else(row),
            ]
            lines.append(f"| `{row.name}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def _prefixes(granted: Iterable[Grant], role: str) -> str:
    return ", ".join(f"{one.name}/{one.prefix}" for one in granted if one.role == role) or "·"


def _published(row: Stage) -> str:
    names = set(row.access.publish)
    if names == {name for name, other in STAGES.items() if takes_envelopes(other)}:
        return "every stage"
    return ", ".join(sorted(names)) or "·"


def _else(row: Stage) -> str:
    words = {
        SIGNS_URLS: "signs URLs",
        ACCOUNTS[AccountAccess.VIEW]: "looks up people",
        ACCOUNTS[AccountAccess.ADMIN]: "changes accounts",
        ASKS_VERTEX_AI: "asks Vertex AI",
    }
    granted = grants(row)
    cells = {one: one.name for one in granted if one.on == "secret"}
    cells |= {one: words[one.role] for one in granted if one.role in words}
    return ", ".join(text + _only(one) for one, text in cells.items()) or "·"


def _only(grant: Grant) -> str:
    return f" (with `{grant.backend}`)" if grant.backend else ""
