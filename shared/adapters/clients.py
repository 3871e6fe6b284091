"""Clients of Google's services, built from the settings. The client libraries read the addresses of
emulators themselves.

Each function imports its client library when it builds the client: the libraries of Firestore,
Pub/Sub and Cloud Storage take twice the CPU time of everything else that a function imports before
it listens, and no function needs all of them for every request. The first request that needs a
library pays for the import. `tests/unit/project/test_imports.py` checks this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.cloud_function import CUSTOMER_BUCKETS_ACCOUNT
from shared.errors import ConfigurationError
from shared.ports.customer_buckets import CustomerBuckets
from shared.ports.messages import Publisher
from shared.ports.objects import ObjectStore
from shared.ports.store import JobStore
from shared.runtime.settings import Settings

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

CLOUD_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
STORAGE_SCOPE = "https://www.googleapis.com/auth/devstorage.read_write"


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


def create_customer_buckets(settings: Settings) -> CustomerBuckets:
    """Returns the client for buckets of users. It acts as a service account that users grant access
    to, so no function's own account has any."""
    from google.cloud import storage

    from shared.adapters.storage.customer_buckets import CloudCustomerBuckets

    if settings.local:
        account = CUSTOMER_BUCKETS_ACCOUNT if settings.account else ""
        credentials = _local_credentials(account)
    else:
        credentials = _impersonate(settings.customer_buckets_account)
    client = storage.Client(project=settings.project, credentials=credentials)
    return CloudCustomerBuckets(client, settings.buckets)


def _impersonate(account: str) -> Credentials:
    """Returns credentials of another service account. Raises ConfigurationError."""
    import google.auth
    from google.auth import impersonated_credentials

    if not account:
        raise ConfigurationError(
            "MOODREEL_CUSTOMER_BUCKETS_ACCOUNT is missing: buckets of users cannot be accessed."
        )
    own, _ = google.auth.default(scopes=[CLOUD_SCOPE])
    return impersonated_credentials.Credentials(
        source_credentials=own, target_principal=account, target_scopes=[STORAGE_SCOPE]
    )


def _local_credentials(account: str) -> Credentials:
    """Returns anonymous credentials, or the account id as a token: the local emulator does not
    verify either."""
    from google.auth.credentials import AnonymousCredentials
    from google.oauth2.credentials import Credentials as Token

    return Token(account) if account else AnonymousCredentials()
