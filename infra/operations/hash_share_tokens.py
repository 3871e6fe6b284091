"""`python -m infra.operations.hash_share_tokens PROJECT`: replaces share tokens by their hashes.

For deployments with links from before tokens were hashed: those links keep working, and can be
revoked afterwards. It can be repeated, and run while links are opened and emails are sent. Needs
Application Default Credentials with `roles/datastore.user`, or FIRESTORE_EMULATOR_HOST.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable

from google.cloud import firestore

from infra.operations.documents import list_documents
from shared.adapters.firestore import FirestoreJobStore
from shared.capabilities import hash_capability
from shared.flows.documents import CommitResult, Create, Delete, Doc, Update, Write
from shared.jobs.share_links import SHARES, is_hashed, share_path
from shared.ports.store import JobStore

MAX_TRIES = 5
"""For a document that changes while it is replaced."""
MAILS = "mails"


def hash_share_tokens(store: JobStore) -> Counter[str]:
    """Returns the number of replaced documents by collection, and of those that still have a token
    because they changed again and again, as `changed`."""
    counts: Counter[str] = Counter()
    for collection, rewrite in ((SHARES, _rewrite_share), (MAILS, _rewrite_mail)):
        for doc in list_documents(store, collection):
            if rewrite(doc):
                counts[collection if _replace(store, doc, rewrite) else "changed"] += 1
    return counts


def _replace(store: JobStore, doc: Doc, rewrite: Callable[[Doc], list[Write]]) -> bool:
    """Replaces a document. Returns False if it changed at every try."""
    current: Doc | None = doc
    for _ in range(MAX_TRIES):
        # A document that was deleted meanwhile needs no replacement.
        if current is None or not (writes := rewrite(current)):
            return True
        if store.commit(writes) is CommitResult.OK:
            return True
        (current,) = store.read([doc.path])
    return False


def _rewrite_share(share: Doc) -> list[Write]:
    if is_hashed(share.id):
        return []
    new_path = share_path(hash_capability(share.id))
    return [Create(new_path, share.data), Delete(share.path, share.version)]


def _rewrite_mail(mail: Doc) -> list[Write]:
    token = mail.data.get("token", "")
    if not token:
        return []
    # An email in progress may already have another link.
    share = mail.data.get("share") or hash_capability(token)
    return [Update(mail.path, {"token": "", "share": share}, mail.version)]


def main() -> int:
    """Returns 1 when a token is still stored."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project")
    store = FirestoreJobStore(firestore.Client(parser.parse_args().project))
    counts = hash_share_tokens(store)
    print(", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "nothing to do")
    return 1 if counts["changed"] else 0


if __name__ == "__main__":
    sys.exit(main())
