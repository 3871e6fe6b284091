"""Publisher on Pub/Sub."""

from __future__ import annotations

from collections.abc import Iterable

import google.cloud.pubsub_v1 as pubsub_v1
from google.api_core.exceptions import GoogleAPIError

from shared.errors import TopicUnavailable
from shared.flows.envelope import Envelope
from shared.pipeline import FUNCTIONS

PUBLISH_TIMEOUT_S = 30


class PubSubPublisher:
    """Publisher with a Pub/Sub client, which batches messages that are published together."""

    def __init__(self, client: pubsub_v1.PublisherClient, project: str) -> None:
        self._client = client
        self._project = project

    def publish(self, envelopes: Iterable[Envelope]) -> None:
        futures = [
            self._client.publish(
                self._client.topic_path(self._project, FUNCTIONS[envelope.stage].topic),
                envelope.to_json(),
                **envelope.attributes,
            )
            for envelope in envelopes
        ]
        # Only an accepted message is reliable, so the caller waits for all of them.
        try:
            for future in futures:
                future.result(timeout=PUBLISH_TIMEOUT_S)
        except (GoogleAPIError, TimeoutError) as error:
            raise TopicUnavailable from error
