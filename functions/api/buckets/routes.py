"""The routes of buckets."""

from __future__ import annotations

from functions.api import rate_limit_policies
from functions.api.buckets import handlers, schemas
from shared.api_keys import Resource
from shared.http.routing import Route
from shared.ports.customer_buckets import BucketAccessDenied, BucketUnusable

_BUCKET = "/v1/buckets/{bucket_id}"

_ROUTES = (
    Route(
        "POST", "/v1/buckets", handlers.create_bucket,
        "Register a bucket of Cloud Storage and get the object that proves that it is yours.",
        schemas.BucketView, 201, body=schemas.NewBucket,
        policies=(rate_limit_policies.changes,), errors=(handlers.TooManyBuckets,),
    ),
    Route("GET", "/v1/buckets", handlers.list_buckets, "List your buckets.", schemas.BucketList),
    Route("GET", _BUCKET, handlers.get_bucket, "Get a bucket.", schemas.BucketView),
    Route(
        "POST", f"{_BUCKET}/verify", handlers.verify_bucket,
        "Verify that the object is in the bucket, which can be used from then on.",
        schemas.BucketView, policies=(rate_limit_policies.changes,),
        errors=(
            handlers.ProofMissing, handlers.ProofDiffers, BucketAccessDenied, BucketUnusable,
        ),
    ),
    Route("DELETE", _BUCKET, handlers.delete_bucket, "Delete a bucket.", status=204),
)  # fmt: skip
ROUTES = tuple(route.with_group("Buckets", Resource.JOBS) for route in _ROUTES)
