"""Bucket bindings: `bucket_bindings/{id}`, each says that a user may use a bucket or a prefix.

One service account accesses the buckets of all users, so its access alone proves nothing about a
user. A bucket is bound to a user by a proof object, which only somebody who may write to the bucket
can create, or by an operator. The name and the content of the proof object contain a token of the
binding and a value of the user. Both are random or hashed and shown to that user only, so the proof
of one user is none for another.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from shared.errors import PermanentError
from shared.flows.documents import Create, Doc, Filter, Query, Update

BUCKET_BINDINGS = "bucket_bindings"
MAX_BINDINGS = 20
"""Per user."""
PENDING_DAYS = 7
"""How long a binding waits for its first verification."""
MAX_PROOF_BYTES = 1024


class BindingState(StrEnum):
    """PENDING until the proof object is found, and again when it is not there any more. VERIFIED:
    the bucket may be used."""

    PENDING = "pending"
    VERIFIED = "verified"


class Proof(StrEnum):
    """What proves a binding: an OBJECT in the bucket, which is read at every use, or an
    OPERATOR of the service."""

    OBJECT = "object"
    OPERATOR = "operator"


class BucketNotBound(PermanentError):
    """The bucket is not bound to you: register it with POST /v1/buckets, and verify it."""

    code = "bucket-not-bound"


@dataclass(frozen=True, slots=True)
class BucketBinding:
    """A bucket, or the objects of it whose names begin with `prefix`, and the user who asked for
    it.

    Attributes:
        prefix: "" for the whole bucket, else it ends with a slash.
        token: Part of the name of the proof object.
        verified_at: When the proof was first found, or None while it is PENDING.
    """

    id: str
    owner: str
    bucket: str
    prefix: str
    token: str
    state: BindingState
    proof: Proof
    created_at: datetime
    verified_at: datetime | None
    version: Any

    @classmethod
    def from_doc(cls, doc: Doc) -> BucketBinding:
        """Parses a document."""
        data = doc.data
        return cls(
            id=doc.id,
            owner=data["owner"],
            bucket=data["bucket"],
            prefix=data["prefix"],
            token=data["token"],
            state=BindingState(data["state"]),
            proof=Proof(data["proof"]),
            created_at=data["created_at"],
            verified_at=data["verified_at"],
            version=doc.version,
        )

    @property
    def path(self) -> str:
        """The path of its document."""
        return binding_path(self.id)

    @property
    def proof_object(self) -> str:
        """The name of the proof object."""
        return f"{self.prefix}moodreel-owner-{self.token}.txt"

    @property
    def proof_content(self) -> str:
        """The content of the proof object, without a line break at its end."""
        return f"moodreel-owner={owner_value(self.owner)}"

    def is_proof(self, content: bytes | None) -> bool:
        """Whether this is the content of the proof object."""
        return content is not None and content.strip() == self.proof_content.encode()

    def covers(self, bucket: str, name: str) -> bool:
        """Whether an object or a folder is within the binding."""
        return self.bucket == bucket and name.startswith(self.prefix)


def owner_value(owner: str) -> str:
    """Returns the stable value that names a user in proof objects. It tells nothing about the
    user."""
    return hashlib.sha256(json.dumps(["bucket-owner", owner]).encode()).hexdigest()[:32]


def binding_id(owner: str, bucket: str, prefix: str) -> str:
    """Returns the id of a binding, so that there is one for a user, a bucket and a prefix."""
    key = json.dumps(["bucket", owner, bucket, prefix])
    return hashlib.sha256(key.encode()).hexdigest()[:20]


def binding_path(binding: str) -> str:
    """bucket_bindings/{binding}"""
    return f"{BUCKET_BINDINGS}/{binding}"


def new_binding(
    owner: str, bucket: str, prefix: str, token: str, now: datetime, *, proof: Proof = Proof.OBJECT
) -> Create:
    """Returns the write that creates a binding: PENDING, or VERIFIED if an operator creates it."""
    is_verified = proof is Proof.OPERATOR
    fields = {
        "owner": owner,
        "bucket": bucket,
        "prefix": prefix,
        "token": token,
        "state": BindingState.VERIFIED if is_verified else BindingState.PENDING,
        "proof": proof,
        "created_at": now,
        "verified_at": now if is_verified else None,
        "expires_at": None if is_verified else now + timedelta(days=PENDING_DAYS),
    }
    return Create(binding_path(binding_id(owner, bucket, prefix)), fields)


def verified(binding: BucketBinding, now: datetime, proof: Proof = Proof.OBJECT) -> Update:
    """Returns the write that verifies a binding."""
    fields = {
        "state": BindingState.VERIFIED, "proof": proof, "verified_at": now, "expires_at": None,
    }  # fmt: skip
    return Update(binding.path, fields, binding.version)


def ended(binding: BucketBinding, now: datetime) -> Update:
    """Returns the write that ends a binding whose proof object is gone. It can be verified
    again."""
    fields = {
        "state": BindingState.PENDING, "verified_at": None,
        "expires_at": now + timedelta(days=PENDING_DAYS),
    }  # fmt: skip
    return Update(binding.path, fields, binding.version)


def bindings_of(owner: str, bucket: str) -> Query:
    """Returns the query for the bindings of a user that name a bucket."""
    return Query(BUCKET_BINDINGS, (Filter("owner", "==", owner), Filter("bucket", "==", bucket)))


def find_bindings(docs: Iterable[Doc], bucket: str, name: str) -> list[BucketBinding]:
    """Returns the verified bindings that cover an object or a folder, first those that need no
    request to the bucket."""
    bindings = (BucketBinding.from_doc(doc) for doc in docs)
    usable = [
        binding
        for binding in bindings
        if binding.state is BindingState.VERIFIED and binding.covers(bucket, name)
    ]
    return sorted(usable, key=lambda item: (item.proof is Proof.OBJECT, item.prefix))
