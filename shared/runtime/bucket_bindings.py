"""Checks that a user may use a bucket: the binding, and the proof object at every use."""

from __future__ import annotations

from shared.errors import PermanentError
from shared.jobs.buckets.binding import (
    MAX_PROOF_BYTES,
    BucketBinding,
    BucketNotBound,
    Proof,
    bindings_of,
    ended,
    find_bindings,
)
from shared.ports.customer_buckets import BucketAccessDenied, BucketUnusable, CustomerBuckets
from shared.runtime.services import Services


def check_binding(
    services: Services, buckets: CustomerBuckets, owner: str, bucket: str, name: str
) -> BucketBinding:
    """Returns the binding with which a user may use an object or a folder. A binding whose proof
    object is gone ends; one whose proof object cannot be read now does not.

    Raises BucketNotBound, BucketAccessDenied, BucketUnusable, StorageUnavailable.
    """
    unreadable: PermanentError | None = None
    docs = services.store.run_query(bindings_of(owner, bucket))
    for binding in find_bindings(docs, bucket, name):
        if binding.proof is Proof.OPERATOR:
            return binding
        try:
            content = buckets.read_small(bucket, binding.proof_object, MAX_PROOF_BYTES)
        except (BucketAccessDenied, BucketUnusable) as error:
            unreadable = error
            continue
        if binding.is_proof(content):
            return binding
        services.store.commit([ended(binding, services.clock.now())])
        services.log("bucket.binding_ended", severity="WARNING", binding=binding.id)
    raise unreadable or BucketNotBound()
