"""`python -m infra.operations.bind_bucket PROJECT USER_ID gs://bucket/prefix/`: binds a bucket of
Cloud Storage to a user, without a proof object.

`--remove` ends the binding. Needs Application Default Credentials with `roles/datastore.user`, or
FIRESTORE_EMULATOR_HOST.
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime

from google.cloud import firestore

from shared.adapters.firestore import FirestoreJobStore
from shared.flows.documents import CommitResult, Delete, owned_documents
from shared.jobs.buckets.binding import (
    BUCKET_BINDINGS,
    MAX_BINDINGS,
    BucketBinding,
    Proof,
    binding_id,
    binding_path,
    new_binding,
    verified,
)
from shared.jobs.buckets.gs_url import GsUrl, InvalidGsUrl, check_not_ours, parse_folder_url
from shared.pipeline import Bucket
from shared.ports.store import JobStore


def parse_bucket(url: str, project: str) -> GsUrl:
    """Returns the bucket and the prefix. Raises InvalidGsUrl."""
    parsed = parse_folder_url(url)
    check_not_ours(parsed.bucket, project, [f"{project}-{role}" for role in Bucket])
    return parsed


class TooManyBindings(Exception):
    """The user has the maximum number of buckets."""


def bind(store: JobStore, owner: str, url: GsUrl, now: datetime) -> None:
    """Binds a bucket to a user, also if the user has registered it. Raises TooManyBindings."""
    path = binding_path(binding_id(owner, url.bucket, url.name))
    while True:
        (doc,) = store.read([path])
        if doc is None:
            docs = store.run_query(owned_documents(BUCKET_BINDINGS, owner, limit=MAX_BINDINGS))
            if len(docs) >= MAX_BINDINGS:
                raise TooManyBindings(f"The user has {MAX_BINDINGS} buckets: remove one first.")
            # Without a proof object its token is never used.
            write = new_binding(owner, url.bucket, url.name, "operator", now, proof=Proof.OPERATOR)
            result = store.commit([write])
        else:
            binding = BucketBinding.from_doc(doc)
            result = store.commit([verified(binding, now, Proof.OPERATOR)])
        if result is CommitResult.OK:
            return


def remove(store: JobStore, owner: str, url: GsUrl) -> bool:
    """Ends a binding. Returns whether there was one."""
    path = binding_path(binding_id(owner, url.bucket, url.name))
    (doc,) = store.read([path])
    store.commit([Delete(path)])
    return doc is not None


def main() -> int:
    """Returns 1 for a bucket that cannot be bound, for a user with too many, and when there is no
    binding to remove."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project")
    parser.add_argument("owner", help="the user id, as in Firebase Authentication")
    parser.add_argument("bucket", help="gs://bucket or gs://bucket/prefix/")
    parser.add_argument("--remove", action="store_true", help="end the binding")
    arguments = parser.parse_args()
    try:
        url = parse_bucket(arguments.bucket, arguments.project)
    except InvalidGsUrl as error:
        print(error, file=sys.stderr)
        return 1
    store = FirestoreJobStore(firestore.Client(arguments.project))
    if arguments.remove:
        removed = remove(store, arguments.owner, url)
        print("removed" if removed else "there is no such binding")
        return 0 if removed else 1
    try:
        bind(store, arguments.owner, url, datetime.now(UTC))
    except TooManyBindings as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{arguments.bucket} is bound to {arguments.owner}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
