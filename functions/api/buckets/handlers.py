"""Buckets that users bind to themselves, to use them in `gs://` URLs."""

from __future__ import annotations

import secrets

from functions.api import rate_limit_policies
from functions.api.buckets.schemas import BucketList, BucketView, NewBucket, bucket_view
from shared.entrypoints import bootstrap
from shared.errors import NotFound, WrongState
from shared.flows.documents import CommitResult, Delete, owned_documents
from shared.http.limits.rate_limits import consume
from shared.http.problems import InvalidFields
from shared.http.request import ApiRequest, ApiResponse
from shared.jobs.buckets.binding import (
    BUCKET_BINDINGS,
    MAX_BINDINGS,
    MAX_PROOF_BYTES,
    BindingState,
    BucketBinding,
    Proof,
    binding_id,
    binding_path,
    ended,
    new_binding,
    verified,
)
from shared.jobs.buckets.gs_url import InvalidGsUrl, check_bucket, check_not_ours, check_prefix

_NOT_FOUND = "There is no such bucket."


class TooManyBuckets(WrongState):
    """You have the maximum number of buckets; delete one first."""

    code = "too-many-buckets"


class ProofMissing(WrongState):
    """The proof object is not in the bucket; create it, and verify the bucket again."""

    code = "proof-missing"


class ProofDiffers(WrongState):
    """The proof object has another content than the one that was shown to you."""

    code = "proof-differs"


def create_bucket(request: ApiRequest) -> ApiResponse:
    """Registers a bucket. For one that is registered, returns it with the same proof.

    Raises InvalidFields, TooManyBuckets, LimitReached.
    """
    body = request.body(NewBucket)
    _check(request, body)
    rate_limit = consume(request, rate_limit_policies.changes(request.settings), request.user.uid)
    store, owner = request.services.store, request.user.uid
    identifier = binding_id(owner, body.bucket, body.prefix)
    docs = store.run_query(owned_documents(BUCKET_BINDINGS, owner, limit=MAX_BINDINGS))
    if all(doc.id != identifier for doc in docs):
        if len(docs) >= MAX_BINDINGS:
            raise TooManyBuckets
        # A conflict means that a repeated or a concurrent request has created it.
        now, token = request.services.clock.now(), secrets.token_hex(16)
        store.commit([new_binding(owner, body.bucket, body.prefix, token, now)])
    view = _view(request, _read(request, identifier))
    return ApiResponse(
        view, headers={"Location": f"/v1/buckets/{identifier}", **rate_limit.headers}
    )


def list_buckets(request: ApiRequest) -> ApiResponse:
    """Lists your buckets."""
    docs = request.services.store.run_query(
        owned_documents(BUCKET_BINDINGS, request.user.uid, limit=MAX_BINDINGS)
    )
    views = tuple(_view(request, BucketBinding.from_doc(doc)) for doc in docs)
    return ApiResponse(BucketList(buckets=views))


def get_bucket(request: ApiRequest) -> ApiResponse:
    """Returns a bucket with its proof."""
    return ApiResponse(_view(request, _find(request)))


def verify_bucket(request: ApiRequest) -> ApiResponse:
    """Reads the proof object and verifies the bucket. A bucket whose proof object is gone is not
    verified any more.

    Raises ProofMissing, ProofDiffers, BucketAccessDenied, BucketUnusable, LimitReached.
    """
    binding = _find(request)
    rate_limit = consume(request, rate_limit_policies.changes(request.settings), request.user.uid)
    if binding.proof is Proof.OPERATOR:
        return ApiResponse(_view(request, binding), headers=rate_limit.headers)
    content = bootstrap.customer_buckets().read_small(
        binding.bucket, binding.proof_object, MAX_PROOF_BYTES
    )
    store, now = request.services.store, request.services.clock.now()
    if not binding.is_proof(content):
        if binding.state is BindingState.VERIFIED:
            store.commit([ended(binding, now)])
        raise ProofMissing if content is None else ProofDiffers
    if binding.state is not BindingState.VERIFIED and (
        store.commit([verified(binding, now)]) is CommitResult.MISSING
    ):
        raise NotFound(_NOT_FOUND)
    return ApiResponse(_view(request, _find(request)), headers=rate_limit.headers)


def delete_bucket(request: ApiRequest) -> ApiResponse:
    """Deletes a bucket. Copies from it and to it that have not started fail."""
    request.services.store.commit([Delete(binding_path(_find(request).id))])
    return ApiResponse()


def _check(request: ApiRequest, body: NewBucket) -> None:
    """Raises InvalidFields."""
    errors = []
    try:
        check_bucket(body.bucket)
        check_not_ours(body.bucket, request.settings.project, request.settings.buckets.values())
    except InvalidGsUrl as error:
        errors.append(("bucket", str(error)))
    try:
        check_prefix(body.prefix)
    except InvalidGsUrl as error:
        errors.append(("prefix", str(error)))
    if errors:
        raise InvalidFields(errors)


def _find(request: ApiRequest) -> BucketBinding:
    """Returns the caller's bucket named in the path. Raises NotFound."""
    return _read(request, request.path_params["bucket_id"])


def _read(request: ApiRequest, identifier: str) -> BucketBinding:
    (doc,) = request.services.store.read([binding_path(identifier)])
    if doc is None or doc.data["owner"] != request.user.uid:
        raise NotFound(_NOT_FOUND)
    return BucketBinding.from_doc(doc)


def _view(request: ApiRequest, binding: BucketBinding) -> BucketView:
    return bucket_view(binding, request.settings.customer_buckets_account)
