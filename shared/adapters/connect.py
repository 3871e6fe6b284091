"""Clients of Google's services, built from the settings. The emulators' addresses are read by the
client libraries themselves."""

from __future__ import annotations

import google.cloud.firestore as firestore
import google.cloud.pubsub_v1 as pubsub_v1
import google.cloud.storage as storage
from google.auth.credentials import AnonymousCredentials, Credentials
from google.oauth2.credentials import Credentials as Token

from shared.adapters.ledger import FirestoreLedger
from shared.adapters.objects import CloudObjects
from shared.adapters.signing import iam_signer, key_signer
from shared.adapters.topics import PubSubPublisher
from shared.config import Settings


def ledger(settings: Settings) -> FirestoreLedger:
    """The job ledger."""
    return FirestoreLedger(firestore.Client(project=settings.project))


def publisher(settings: Settings) -> PubSubPublisher:
    """The stages' topics."""
    return PubSubPublisher(pubsub_v1.PublisherClient(), settings.project)


def objects(settings: Settings) -> CloudObjects:
    """The buckets, and who signs URLs for them."""
    client = (
        storage.Client(project=settings.project, credentials=_nobody(settings.account))
        if settings.local
        else storage.Client(project=settings.project)
    )
    signer = key_signer(settings.signer_key) if settings.signer_key else iam_signer()
    return CloudObjects(client, settings.buckets, signer)


def _nobody(account: str) -> Credentials:
    """No credentials, or a name in their place: the stand-in believes whoever says who he is."""
    return Token(account) if account else AnonymousCredentials()
