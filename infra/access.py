"""Least privilege: which role each function's account gets, and on what.

Derived from the function's row, from the frame that it stands in and from what its code names.
`tests/emulator/test_access.py` holds it against what the functions really ask of Cloud Storage.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from infra.reach import modules, names
from shared.domain.pipeline import (
    DECKS_PREFIX,
    PREVIEWS_PREFIX,
    RECIPES,
    SECRET_BACKENDS,
    STAGES,
    Bucket,
    Finalized,
    GeminiBackend,
    Kind,
    Message,
    Stage,
    feeds,
)

QUARANTINE = (Bucket.WORK, "quarantine/")
READS = "roles/storage.objectViewer"
# Not objectCreator: writing once meets an object that stands there with 412 only for who could
# also replace it; for others the answer is 403, which says nothing.
WRITES = "roles/storage.objectUser"
LEDGER = "roles/datastore.user"
PUBLISHES = "roles/pubsub.publisher"
SECRETS = "roles/secretmanager.secretAccessor"
SIGNS = "roles/iam.serviceAccountTokenCreator"
LOOKS_UP_PEOPLE = "roles/firebaseauth.viewer"
CHANGES_ACCOUNTS = "roles/firebaseauth.admin"
TRACES = "roles/cloudtrace.agent"
# It holds aiplatform.endpoints.predict, which a request to a Gemini model needs. Google's own
# models are no resources of the project, so the role is on the project.
ASKS_VERTEX_AI = "roles/aiplatform.user"

FROM_OUTSIDE = DEAD_LETTERS, SWEEPS = "dead_letters", "sweeps"
"""The frames of `shared.stage` in which functions stand that look at jobs from outside."""
ERRAND = "errand"
"""The frame of those that work on no job at all."""
LISTS = tuple(
    f"{objects}.{call}"
    for objects in ("objects", "_objects")
    for call in ("remove", "remove_under", "listed", "folders")
)
"""Calls that look through a bucket."""

Place = tuple[Bucket, str]


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """A role on one thing. `on` is project, bucket, topic, secret or self; `prefix` narrows a
    bucket to the objects whose names begin with it. `backend` is the one backend of Gemini with
    which it is given, "" for any."""

    on: str
    name: str
    role: str
    prefix: str = ""
    backend: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As Terraform reads it."""
        fields = asdict(self)
        if not self.backend:
            del fields["backend"]
        return fields


def grants(row: Stage) -> list[Grant]:
    """Everything that the function of a row may do, and nothing else; sorted."""
    found = {Grant("project", "", TRACES)} if _traced(row) else set()
    if row.event_driven or _names(row, "call.world", "call.job", "call.run", "world.store"):
        found.add(Grant("project", "", LEDGER))
    found |= {
        Grant("secret", name, SECRETS, backend=SECRET_BACKENDS.get(name, ""))
        for name in row.secrets
    }
    if _names(row, "bootstrap.slide_model"):
        found.add(Grant("project", "", ASKS_VERTEX_AI, backend=GeminiBackend.VERTEX_AI))
    found |= {Grant("topic", STAGES[name].topic, PUBLISHES) for name in announces(row)}
    read, written = places_read(row), places_written(row)
    found |= {Grant("bucket", place[0].value, WRITES, place[1]) for place in written}
    found |= {
        Grant("bucket", place[0].value, READS, place[1])
        for place in read
        if not _within(place, written)
    }
    if _signs(row):
        found.add(Grant("self", "", SIGNS))
    if _names(row, "bootstrap.accounts", "bootstrap.doorkeeper"):
        found.add(Grant("project", "", CHANGES_ACCOUNTS))
    elif row.kind is Kind.HTTPS and _names(row, "call.user", "call.job"):
        found.add(Grant("project", "", LOOKS_UP_PEOPLE))
    return sorted(found)


def _traced(row: Stage) -> bool:
    """Whether it makes spans: what hands out files alone makes none."""
    return Path("shared", "adapters", "traces.py") in modules(row.name)


def table() -> str:
    """Who may do what, for people: a row a function."""
    lines = [
        "| function | reads | writes and removes | announces | else |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in STAGES.values():
        if row.built:
            found = grants(row)
            cells = [
                _places(found, READS),
                _places(found, WRITES),
                _announced(announces(row)),
                _else(found),
            ]
            lines.append(f"| `{row.name}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def _places(found: Iterable[Grant], role: str) -> str:
    return ", ".join(f"{one.name}/{one.prefix}" for one in found if one.role == role) or "·"


def _announced(stages: set[str]) -> str:
    if stages == {name for name, one in STAGES.items() if one.built and _takes_envelopes(one)}:
        return "every stage"
    return ", ".join(sorted(stages)) or "·"


def _else(found: Iterable[Grant]) -> str:
    words = {
        SIGNS: "signs URLs",
        LOOKS_UP_PEOPLE: "looks up people",
        CHANGES_ACCOUNTS: "changes accounts",
        ASKS_VERTEX_AI: "asks Vertex AI",
    }
    cells = {one: one.name for one in found if one.on == "secret"}
    cells |= {one: words[one.role] for one in found if one.role in words}
    return ", ".join(text + _only(one) for one, text in cells.items()) or "·"


def _only(grant: Grant) -> str:
    return f" (with `{grant.backend}`)" if grant.backend else ""


def announces(row: Stage) -> set[str]:
    """The stages on whose topics it publishes."""
    woken = {name for name, one in STAGES.items() if one.built and _takes_envelopes(one)}
    if _names(row, *FROM_OUTSIDE, "operating.redrive", "operating.cancel"):
        # They look at jobs from outside and may take up any stage of them.
        return woken
    tellers = {recipe.stages[-1] for recipe in RECIPES.values()}
    if _names(row, ERRAND):
        # A job that waits for what an errand makes fails with it.
        return ({row.name} | (tellers if _names(row, "failing.give_up") else set())) & woken
    if row.name in tellers:
        # Whoever else is told of outcomes is told by the one who tells people.
        return {name for name in woken if "outcome" in STAGES[name].consumes} - tellers
    if _names(row, "shifts.watch"):
        return {"recorder"} & woken
    if not row.event_driven:
        return set()
    following = {row.name}
    for recipe in RECIPES.values():
        if row.name in recipe.media_stages:
            after, fed = recipe.after(row.name), feeds(row.name, recipe)
            following |= {name for name in (after, fed) if name is not None}
    return (following | tellers) & woken


def places_written(row: Stage) -> set[Place]:
    """Where it creates or removes objects."""
    found = set(row.writes)
    if isinstance(row.trigger, Finalized):
        # A stranger's object is put aside, a deleted job's is removed.
        found |= {(row.trigger.bucket, row.trigger.prefix), QUARANTINE}
    if _names(row, DEAD_LETTERS):
        woken = [one.trigger for one in STAGES.values() if isinstance(one.trigger, Finalized)]
        found |= {(one.bucket, one.prefix) for one in woken} | {QUARANTINE}
    if _names(row, SWEEPS, "operating.delete", *LISTS):
        # Listing what is to be removed cannot be narrowed to a prefix.
        found |= {(bucket, "") for one in STAGES.values() for bucket, _ in one.writes}
    if _names(row, "objects.sign_upload"):
        found.add((Bucket.UPLOADS, ""))
    return _outermost(found)


def places_read(row: Stage) -> set[Place]:
    """Where it reads objects: what those wrote whose results it consumes, what it wrote itself,
    and the buckets of people's and operators' files that its code names."""
    found = set(row.writes)
    for one in STAGES.values():
        if set(one.produces) & set(row.consumes) - {"upload"}:
            found |= set(one.writes)
    if "deck" in row.produces:
        # A deck as a person left it is where the next revision begins.
        found.add((Bucket.WORK, DECKS_PREFIX))
    if _names(row, "preview_name"):
        found.add((Bucket.WORK, PREVIEWS_PREFIX))
    named = {bucket for bucket in Bucket if _names(row, f"Bucket.{bucket.name}")}
    found |= {(bucket, "") for bucket in named & {Bucket.UPLOADS, Bucket.MODELS}}
    if "upload" in row.consumes:
        found.add((Bucket.UPLOADS, ""))
    if _names(row, "objects.sign_download", "objects.read_at", "objects.stat") and (
        row.kind is Kind.HTTPS
    ):
        # Whatever a job recorded as its result; a signed link can do what its signer can. What
        # stages hand to each other is no result.
        found.add((Bucket.OUTPUTS, ""))
    return _outermost(found)


def _takes_envelopes(row: Stage) -> bool:
    return isinstance(row.trigger, (Message, Finalized)) and not _names(row, DEAD_LETTERS)


def _signs(row: Stage) -> bool:
    return _names(row, "objects.sign_upload", "objects.sign_download")


def _names(row: Stage, *dotted: str) -> bool:
    """Whether the function's own code names one of these."""
    return row.built and not names(row.name).isdisjoint(dotted)


def _within(place: Place, others: Iterable[Place]) -> bool:
    return any(place[0] is bucket and place[1].startswith(prefix) for bucket, prefix in others)


def _outermost(places: set[Place]) -> set[Place]:
    return {one for one in places if not _within(one, places - {one})}
