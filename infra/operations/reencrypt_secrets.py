"""`python -m infra.operations.reencrypt_secrets PROJECT`: encrypts secrets with the current key.

It encrypts what an earlier key encrypted, and the plain text that versions before the encryption
stored, also while the functions run. `--check` only counts, and decrypts everything once: then an
earlier key may be retired. The private keys are in the variables CAMERA_KEYS (sources of cameras),
WEBHOOK_KEYS (secrets of webhooks), FETCH_KEYS (URLs of inputs) and DELIVERY_KEYS (URLs of results),
the current one first; a missing variable leaves its documents out. Needs Application Default
Credentials with `roles/datastore.user`, or FIRESTORE_EMULATOR_HOST.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from google.cloud import firestore

from infra.operations.documents import list_documents
from shared.adapters.firestore import FirestoreJobStore
from shared.adapters.hpke import HpkeDecrypter, HpkeEncrypter, find_public_key
from shared.cameras.camera_secret import CAMERA_SECRETS, SOURCE, source_context
from shared.flows.documents import CommitResult, Doc, Update
from shared.flows.encrypted import (
    DecryptionFailed,
    Encrypted,
    FieldContext,
    KeyUnavailable,
    is_encrypted,
)
from shared.jobs.fetches.fetch import FETCHES, URL, url_context
from shared.jobs.result_deliveries.delivery import RESULT_DELIVERIES, URLS, urls_context
from shared.jobs.webhooks.webhook import SECRETS, WEBHOOKS, secret_context
from shared.ports.store import JobStore

MAX_TRIES = 8
"""For a document that changes meanwhile."""
COLLECTIONS = {
    "CAMERA_KEYS": CAMERA_SECRETS, "WEBHOOK_KEYS": WEBHOOKS, "FETCH_KEYS": FETCHES,
    "DELIVERY_KEYS": RESULT_DELIVERIES,
}  # fmt: skip
"""The collections, by the variable of their keys."""
Reencrypt = Callable[[Any, FieldContext], Any]
"""Returns the value of a field, encrypted with the current key."""


class Result(StrEnum):
    """The result for a document. UNREADABLE and CHANGED_MEANWHILE changed nothing. A document with
    a secret that has expired is OUTDATED as well."""

    CURRENT = "current"
    OUTDATED = "outdated"
    REENCRYPTED = "re-encrypted"
    UNREADABLE = "unreadable"
    CHANGED_MEANWHILE = "changed meanwhile"


def reencrypt_secrets(
    store: JobStore, variable: str, keys: str, *, check: bool, log: Callable[[str], None]
) -> Counter[Result]:
    """Encrypts every document of a collection with the first of `keys`. Returns the number of
    documents by result, and logs every document that is not current afterwards.

    Raises ConfigurationError for a malformed key.
    """
    encrypter, decrypter = HpkeEncrypter(find_public_key(keys)), HpkeDecrypter(keys)

    def reencrypt(value: Any, context: FieldContext) -> Any:
        if is_encrypted(value):
            # Also what is current: `--check` proves that it can be read.
            text = decrypter.decrypt(Encrypted.from_dict(value), context)
            if value["key_id"] == encrypter.key_id:
                return value
        else:
            text = value if isinstance(value, str) else json.dumps(value)
        return encrypter.encrypt(text, context).to_dict()

    results: Counter[Result] = Counter()
    for doc in list_documents(store, COLLECTIONS[variable]):
        try:
            result = _reencrypt_document(store, doc, reencrypt, check=check)
        except (KeyUnavailable, DecryptionFailed) as error:
            result = Result.UNREADABLE
            log(f"{doc.path}: {error}")
        except (LookupError, TypeError, AttributeError) as error:
            # A malformed document must not keep the others from being encrypted.
            result = Result.UNREADABLE
            log(f"{doc.path}: malformed, {type(error).__name__}")
        else:
            if result not in (Result.CURRENT, Result.REENCRYPTED):
                log(f"{doc.path}: {result}")
        results[result] += 1
    return results


def _reencrypt_document(
    store: JobStore, listed: Doc, reencrypt: Reencrypt, *, check: bool
) -> Result:
    doc: Doc | None = listed
    for _ in range(MAX_TRIES):
        if doc is None:
            # It was deleted meanwhile.
            return Result.CURRENT
        fields = _encrypt_fields(doc, reencrypt, datetime.now(UTC))
        if all(doc.data[name] == value for name, value in fields.items()):
            return Result.CURRENT
        if check:
            return Result.OUTDATED
        if store.commit([Update(doc.path, fields, doc.version)]) is CommitResult.OK:
            return Result.REENCRYPTED
        (doc,) = store.read([listed.path])
    return Result.CHANGED_MEANWHILE


def _encrypt_fields(doc: Doc, reencrypt: Reencrypt, now: datetime) -> Mapping[str, Any]:
    """Returns the fields with secrets, encrypted with the current key. A document without such a
    field has nothing to encrypt."""
    owner = doc.data["owner"]
    if SOURCE in doc.data and doc.path.startswith(f"{CAMERA_SECRETS}/"):
        return {SOURCE: reencrypt(doc.data[SOURCE], source_context(doc.id, owner))}
    if doc.path.startswith(f"{FETCHES}/"):
        # A fetch that has ended has no URL.
        url = doc.data.get(URL)
        return {URL: reencrypt(url, url_context(doc.id, owner))} if url else {}
    if doc.path.startswith(f"{RESULT_DELIVERIES}/"):
        urls = doc.data.get(URLS)
        return {URLS: reencrypt(urls, urls_context(doc.id, owner))} if urls else {}
    if SECRETS not in doc.data:
        return {}
    context = secret_context(doc.id, owner)
    # A secret that has expired signs nothing, so it is dropped.
    return {
        SECRETS: [
            {**row, "value": reencrypt(row["value"], context)}
            for row in doc.data[SECRETS]
            if row["valid_until"] is None or row["valid_until"] > now
        ]
    }


def main() -> int:
    """Returns 1 when a document is not current."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("project")
    parser.add_argument("--check", action="store_true", help="count and decrypt, change nothing")
    arguments = parser.parse_args()
    keys = {name: os.environ[name] for name in COLLECTIONS if os.environ.get(name)}
    if not keys:
        parser.error(f"set {' or '.join(COLLECTIONS)}")
    store = FirestoreJobStore(firestore.Client(arguments.project))
    is_complete = True
    for name, value in keys.items():
        results = reencrypt_secrets(store, name, value, check=arguments.check, log=print)
        counts = ", ".join(f"{count} {result}" for result, count in sorted(results.items()))
        print(f"{COLLECTIONS[name]}: {counts or 'no documents'}")
        is_complete = is_complete and not (results.keys() - {Result.CURRENT, Result.REENCRYPTED})
    return 0 if is_complete else 1


if __name__ == "__main__":
    sys.exit(main())
