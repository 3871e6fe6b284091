"""The request and response models of buckets."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from shared.http.schemas import RequestModel, ResponseModel, Timestamp
from shared.jobs.buckets.binding import BindingState, BucketBinding, Proof


class NewBucket(RequestModel):
    """A bucket of Cloud Storage to bind to you. With a `prefix`, which ends with a slash, only the
    objects whose names begin with it."""

    bucket: Annotated[
        str, Field(min_length=3, max_length=222, json_schema_extra={"examples": ["my-bucket"]})
    ]
    prefix: Annotated[str, Field(max_length=1024)] = ""


class ProofView(ResponseModel):
    """The object that proves that you may write to the bucket: `object` is its name, `content` its
    content, as text. It must stay there: it is read at every use."""

    object: str
    content: str


class BucketView(ResponseModel):
    """A bucket that you may use in `gs://` URLs once its `state` is `verified`. `proved_by` is
    `object`, or `operator` if an operator of the service bound it. Give `service_account` access to
    the bucket; null in the local suite, which checks no access."""

    id: str
    bucket: str
    prefix: str
    state: BindingState
    proved_by: Proof
    proof: ProofView
    service_account: str | None
    created_at: Timestamp
    verified_at: Timestamp | None


class BucketList(ResponseModel):
    """All your buckets, ordered by id."""

    buckets: tuple[BucketView, ...]


def bucket_view(binding: BucketBinding, service_account: str) -> BucketView:
    """Returns a binding as responses show it."""
    return BucketView(
        id=binding.id,
        bucket=binding.bucket,
        prefix=binding.prefix,
        state=binding.state,
        proved_by=binding.proof,
        proof=ProofView(object=binding.proof_object, content=binding.proof_content),
        service_account=service_account or None,
        created_at=binding.created_at,
        verified_at=binding.verified_at,
    )
