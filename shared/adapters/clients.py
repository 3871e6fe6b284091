"""Clients of Google's services, built from the settings. The client libraries read the addresses of
emulators themselves.

Each function imports its client library when it builds the client: the libraries of Firestore,
Pub/Sub and Cloud Storage take twice the CPU time of everything else that a function imports before
it listens, and no function needs all of them for every request. The first request that needs a
library pays for the import. `tests/unit/project/test_imports.py` checks this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.ports.messages import Publisher
from shared.ports.objects import ObjectStore
from shared.ports.store import JobStore
from shared.runtime.settings import Settings

if TYPE_CHECKING:
    from google.auth.credentials import Credentials


def create_job_store(settings: Settings) -> JobStore:
    """Returns the job store in Firestore."""
    from google.cloud import firestore

    from shared.adapters.firestore import FirestoreJobStore

    return FirestoreJobStore(firestore.Client(project=settings.project))


def create_publisher(settings: Settings) -> Publisher:
    """Returns the publisher for the topics in Pub/Sub."""
    from google.cloud import pubsub_v1

    from shared.adapters.pubsub import PubSubPublisher

    return PubSubPublisher(pubsub_v1.PublisherClient(), settings.project)


def create_object_store(settings: Settings) -> ObjectStore:
    """Returns the object store in Cloud Storage, with a signer for URLs."""
    from google.cloud import storage

    from shared.adapters.storage.objects import CloudObjectStore
    from shared.adapters.storage.signing import iam_signer, key_signer

    client = (
        storage.Client(project=settings.project, credentials=_local_credentials(settings.account))
        if settings.local
        else storage.Client(project=settings.project)
    )
    signer = key_signer(settings.signer_key) if settings.signer_key else iam_signer()
    return CloudObjectStore(client, settings.buckets, signer)


def _local_credentials(account: str) -> Credentials:
    """Returns anonymous credentials, or the account id as a token: the local emulator does not
    verify either."""
    from google.auth.credentials import AnonymousCredentials
    from google.oauth2.credentials import Credentials as Token

    return Token(account) if account else AnonymousCredentials()
