"""IAM roles of each function's service account, from the access that its row of the table declares.

`tests/emulator/suite/test_access.py` compares them with the calls that the functions make to Cloud
Storage.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from shared.cloud_function import CUSTOMER_BUCKETS_ACCOUNT
from shared.pipeline import (
    FETCHED_PREFIX,
    FUNCTIONS,
    PIPELINE_STAGES,
    RESULTS_PREFIX,
    SECRET_BACKENDS,
    AccountAccess,
    Bucket,
    FinalizeTrigger,
    Function,
    GeminiBackend,
    MessageTrigger,
)

OBJECT_READER_ROLE = "roles/storage.objectViewer"
# Not objectCreator: a create-only write to an existing object is answered with 412 only to an
# account that could also replace it. Others get 403, which has many causes.
OBJECT_WRITER_ROLE = "roles/storage.objectUser"
FIRESTORE_ROLE = "roles/datastore.user"
PUBLISHER_ROLE = "roles/pubsub.publisher"
ACCESSOR_ROLE = "roles/secretmanager.secretAccessor"
URL_SIGNER_ROLE = "roles/iam.serviceAccountTokenCreator"
ACCOUNT_ROLES = {
    AccountAccess.VIEW: "roles/firebaseauth.viewer",
    AccountAccess.ADMIN: "roles/firebaseauth.admin",
}
TRACE_ROLE = "roles/cloudtrace.agent"
# Contains aiplatform.endpoints.predict, which a request to a Gemini model needs. Google's models
# are not resources of the project, so the role is granted on the project.
VERTEX_AI_ROLE = "roles/aiplatform.user"
# Contains speech.recognizers.recognize, also for the recognizer `_`, which is no resource.
SPEECH_TO_TEXT_ROLE = "roles/speech.client"


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """A role on one resource.

    Attributes:
        scope: project, bucket, topic, secret, self or customer_buckets, which is the service
            account for buckets of users.
        prefix: Narrows a bucket to the objects whose names begin with it.
        backend: The Gemini backend for which it is granted; "" for all.
    """

    scope: str
    name: str
    role: str
    prefix: str = ""
    backend: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Returns the grant as Terraform reads it."""
        fields = asdict(self)
        if not self.backend:
            del fields["backend"]
        return fields


CUSTOMER_BUCKETS_GRANTS = (
    Grant("bucket", Bucket.OUTPUTS.value, OBJECT_READER_ROLE, RESULTS_PREFIX),
    Grant("bucket", Bucket.WORK.value, OBJECT_WRITER_ROLE, FETCHED_PREFIX),
)
"""The roles of the service account for buckets of users in this project, as in
`infra/terraform/accounts.tf`."""


def list_grants(function: Function) -> list[Grant]:
    """Returns every role of a function's service account, sorted."""
    access = function.access
    result = {
        Grant("bucket", bucket.value, OBJECT_READER_ROLE, prefix) for bucket, prefix in access.read
    }
    result |= {
        Grant("bucket", bucket.value, OBJECT_WRITER_ROLE, prefix) for bucket, prefix in access.write
    }
    result |= {Grant("topic", FUNCTIONS[name].topic, PUBLISHER_ROLE) for name in access.publish}
    result |= {
        Grant("secret", name, ACCESSOR_ROLE, backend=SECRET_BACKENDS.get(name, ""))
        for name in function.secrets
    }
    if access.vertex_ai:
        result.add(Grant("project", "", VERTEX_AI_ROLE, backend=GeminiBackend.VERTEX_AI))
    if access.speech_to_text:
        result.add(Grant("project", "", SPEECH_TO_TEXT_ROLE))
    if access.firestore:
        result.add(Grant("project", "", FIRESTORE_ROLE))
    if access.traces:
        result.add(Grant("project", "", TRACE_ROLE))
    if access.sign_urls:
        result.add(Grant("self", "", URL_SIGNER_ROLE))
    if access.customer_buckets:
        result.add(Grant("customer_buckets", CUSTOMER_BUCKETS_ACCOUNT, URL_SIGNER_ROLE))
    if access.accounts is not AccountAccess.NONE:
        result.add(Grant("project", "", ACCOUNT_ROLES[access.accounts]))
    return sorted(result)


def accepts_envelopes(function: Function) -> bool:
    """Whether other functions may publish on the function's topic. Only Pub/Sub publishes to
    dead_letter, and only Cloud Scheduler to a scheduled function."""
    return (
        isinstance(function.trigger, (MessageTrigger, FinalizeTrigger))
        and function.name != "dead_letter"
    )


def render_table() -> str:
    """Returns the access of every function as a Markdown table."""
    lines = [
        "| function | reads | writes and deletes | publishes to | other |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in FUNCTIONS.values():
        grants = list_grants(row)
        cells = [
            _format_prefixes(grants, OBJECT_READER_ROLE),
            _format_prefixes(grants, OBJECT_WRITER_ROLE),
            _format_publish(row),
            _format_other(row),
        ]
        lines.append(f"| `{row.name}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def _format_prefixes(grants: Iterable[Grant], role: str) -> str:
    prefixes = [f"{grant.name}/{grant.prefix}" for grant in grants if grant.role == role]
    return ", ".join(prefixes) or "·"


def _format_publish(function: Function) -> str:
    names = set(function.access.publish)
    if names == {name for name, other in FUNCTIONS.items() if accepts_envelopes(other)}:
        return "all topics"
    further = sorted(names - set(PIPELINE_STAGES))
    if names >= set(PIPELINE_STAGES):
        return ", ".join(["all stages", *further])
    return ", ".join(sorted(names)) or "·"


def _format_other(function: Function) -> str:
    descriptions = {
        URL_SIGNER_ROLE: "signs URLs",
        ACCOUNT_ROLES[AccountAccess.VIEW]: "reads accounts",
        ACCOUNT_ROLES[AccountAccess.ADMIN]: "manages accounts",
        VERTEX_AI_ROLE: "calls Vertex AI",
        SPEECH_TO_TEXT_ROLE: "calls Speech-to-Text",
    }
    # The role on the account for buckets of users is also the one that signs URLs.
    grants = [grant for grant in list_grants(function) if grant.scope != "customer_buckets"]
    cells = {grant: grant.name for grant in grants if grant.scope == "secret"}
    cells |= {grant: descriptions[grant.role] for grant in grants if grant.role in descriptions}
    texts = [text + _format_backend(grant) for grant, text in cells.items()]
    if function.access.customer_buckets:
        texts.append("buckets of users")
    return ", ".join(texts) or "·"


def _format_backend(grant: Grant) -> str:
    return f" (with `{grant.backend}`)" if grant.backend else ""
