"""What goes wrong in one run of the load simulation: in one stage of one job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

CRASH_POINTS = ("after_claim", "after_work", "after_commit", "after_publish")


class Delivery(StrEnum):
    """How Pub/Sub delivers the messages of the stage."""

    ONCE = "once"
    DUPLICATED = "duplicated"
    REORDERED = "reordered"
    LATE = "late"


class Dependency(StrEnum):
    """The fault of a service that the stage needs, or of its process."""

    NONE = "none"
    STORAGE_429 = "storage 429"
    STORAGE_503 = "storage 503"
    STORAGE_SLOW = "storage slow"
    FIRESTORE_ABORTED = "Firestore ABORTED"
    FIRESTORE_UNAVAILABLE = "Firestore unavailable"
    PUBLISH_FAILURE = "Pub/Sub publish failure"
    WORKER_KILLED = "worker killed"
    LEASE_LOST = "lease lost"
    OVERLOADED = "dependency overloaded"


DESCRIPTIONS: Mapping[Delivery | Dependency, str] = {
    Delivery.ONCE: "each message once, until it is acknowledged",
    Delivery.DUPLICATED: "two copies of each message, at once or up to two minutes apart",
    Delivery.REORDERED: "each message takes up to two minutes, so messages overtake each other",
    Delivery.LATE: "the first message of each unit takes 10 to 30 minutes; the sweeper publishes "
    "another one before",
    Dependency.NONE: "only the crash and the delivery",
    Dependency.STORAGE_429: "storage refuses the work twice, with a Retry-After of 30 s",
    Dependency.STORAGE_503: "storage stores the object and answers with an error, twice",
    Dependency.STORAGE_SLOW: "the work takes four leases longer, twice",
    Dependency.FIRESTORE_ABORTED: "batches are refused four times; one that marks a unit DONE "
    "until the client gives up",
    Dependency.FIRESTORE_UNAVAILABLE: "the response to a claim or to DONE is lost, then every call "
    "fails for a minute",
    Dependency.PUBLISH_FAILURE: "messages from and to the stage are not published, or only the "
    "first of several, twice",
    Dependency.WORKER_KILLED: "the process is killed during the work, twice",
    Dependency.LEASE_LOST: "the process does not run for three leases, then it goes on as if it "
    "held its lease, while Pub/Sub delivers the message again",
    Dependency.OVERLOADED: "a model or the mail server refuses the work twice, with a Retry-After "
    "of a minute",
}


@dataclass(frozen=True)
class Faults:
    """The faults of a run. They apply to one stage of one job.

    Attributes:
        job_id: The job.
        stage: The stage.
        at: The crash point at which the first worker that reaches it ends.
        delivery: How the messages of the stage are delivered.
        dependency: The fault of a service.
    """

    job_id: str
    stage: str
    at: str
    delivery: Delivery = Delivery.ONCE
    dependency: Dependency = Dependency.NONE
