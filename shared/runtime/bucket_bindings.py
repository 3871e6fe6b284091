"""Checks that a user may use a bucket: the binding, and the proof object at every use."""

from __future__ import annotations

from shared.flows.documents import owned_documents
from shared.jobs.buckets.binding import (
    BUCKET_BINDINGS,
    MAX_BINDINGS,
    MAX_PROOF_BYTES,
    BucketBinding,
    BucketNotBound,
    Proof,
    ended,
    find_bindings,
)
from shared.ports.customer_buckets import BucketAccessDenied, BucketUnusable, CustomerBuckets
from shared.runtime.services import Services


def check_binding(
    services: Services, buckets: CustomerBuckets, owner: str, bucket: str, name: str
) -> BucketBinding:
    """Returns the binding with which a user may use an object or a folder. A binding whose proof
    object is gone ends. Raises BucketNotBound, StorageUnavailable."""
    docs = services.store.run_query(owned_documents(BUCKET_BINDINGS, owner, limit=MAX_BINDINGS))
    for binding in find_bindings(docs, bucket, name):
        if binding.proof is Proof.OPERATOR or has_proof(buckets, binding):
            return binding
        services.store.commit([ended(binding, services.clock.now())])
        services.log("bucket.binding_ended", severity="WARNING", binding=binding.id)
    raise BucketNotBound


def has_proof(buckets: CustomerBuckets, binding: BucketBinding) -> bool:
    """Whether the proof object is in the bucket. Raises StorageUnavailable."""
    try:
        content = buckets.read_small(binding.bucket, binding.proof_object, MAX_PROOF_BYTES)
    except (BucketAccessDenied, BucketUnusable):
        return False
    return binding.is_proof(content)
