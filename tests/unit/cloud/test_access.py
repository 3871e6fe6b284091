"""Roles: derived from row, frame and code, and never more than those say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from infra import access
from infra.access import Grant, grants, places_written
from infra.local.layout import ROOT
from infra.reach import names
from shared.domain.pipeline import (
    PREVIEWS_PREFIX,
    STAGES,
    Bucket,
    Finalized,
    GeminiBackend,
    Kind,
    Stage,
)

BUILT = [row for row in STAGES.values() if row.built]
EACH = pytest.mark.parametrize("row", BUILT, ids=lambda row: row.name)

# What a function's adapters call, as a line of its code would say it, and the role that it takes.
CALLS = {
    r"\bobjects\.(sign_upload|sign_download)\b": access.SIGNS,
    r"\bcall\.(world|job|run)\b|\btask\b": access.LEDGER,
    r"\bobjects\.(create|compose|copy)\b": access.WRITES,
}


def roles(row: Stage) -> set[str]:
    return {one.role for one in grants(row)}


def code(row: Stage) -> str:
    folder = ROOT / "functions" / row.name
    return "\n".join(path.read_text() for path in sorted(folder.glob("*.py")))


@EACH
def test_a_role_is_there_exactly_when_the_code_calls_what_needs_it(row: Stage) -> None:
    text = code(row)
    for pattern, role in CALLS.items():
        if re.search(pattern, text):
            assert role in roles(row), f"{row.name} calls {pattern} without {role}"
    if not re.search(r"\bsign_(upload|download)\b", text):
        assert access.SIGNS not in roles(row)


@EACH
def test_a_function_reads_the_secrets_of_its_row_and_no_other(row: Stage) -> None:
    secrets = {one.name for one in grants(row) if one.on == "secret"}
    assert secrets == set(row.secrets)


@EACH
def test_no_role_is_wider_than_one_thing_where_one_thing_is_enough(row: Stage) -> None:
    for one in grants(row):
        if one.on == "project":
            people = (access.LOOKS_UP_PEOPLE, access.CHANGES_ACCOUNTS)
            assert one.role in (access.LEDGER, access.TRACES, access.ASKS_VERTEX_AI, *people)
        else:
            assert one.name or one.on == "self"
        if one.on == "bucket" and not one.prefix:
            # The whole bucket: only who may not know whose an object is, or has to list.
            assert (
                row.kind is not Kind.MEDIA
                or one.role == access.READS
                or row.trigger == Finalized(Bucket(one.name))
            )


@EACH
def test_who_hears_of_no_object_cannot_remove_any(row: Stage) -> None:
    if isinstance(row.trigger, Finalized) or row.kind is not Kind.MEDIA:
        return
    assert places_written(row) == set(row.writes)


def test_who_writes_decks_reads_those_that_people_edited() -> None:
    """The API writes an edited deck; whoever draws the next revision begins with it."""
    assert ("work", "decks/") in {
        (one.name, one.prefix) for one in grants(STAGES["slide_generation"])
    }


def test_who_asks_gemini_alone_may_and_has_a_key_only_where_there_is_no_role_for_it() -> None:
    asking = {
        row.name: {(one.role, one.backend) for one in grants(row) if one.backend} for row in BUILT
    }
    assert {name: found for name, found in asking.items() if found} == {
        "slide_generation": {
            (access.ASKS_VERTEX_AI, GeminiBackend.VERTEX_AI),
            (access.SECRETS, GeminiBackend.DEVELOPER_API),
        }
    }
    assert all(one.backend for row in BUILT for one in grants(row) if "GEMINI" in one.name)


def test_who_streams_results_reads_nothing_else() -> None:
    """Frames, faces and speech lie in the work bucket, and are nobody's result; of cameras the
    previews alone are shown."""
    granted = grants(STAGES["media"])
    of_buckets = {(one.name, one.prefix, one.role) for one in granted if one.on == "bucket"}
    assert of_buckets == {
        ("outputs", "", access.READS),
        ("work", PREVIEWS_PREFIX, access.READS),
    }
    assert {one.name for one in granted if one.on == "topic"} == {STAGES["recorder"].topic}


def test_what_looks_at_jobs_from_outside_may_announce_every_stage() -> None:
    topics = {row.topic for row in BUILT if row.event_driven and row.kind is Kind.MEDIA}
    for row in BUILT:
        if not names(row.name).isdisjoint(access.FROM_OUTSIDE):
            published = {one.name for one in grants(row) if one.on == "topic"}
            assert published >= topics


def test_nobody_publishes_to_the_last_resort_but_pubsub_itself() -> None:
    last = {row.topic for row in BUILT if access.DEAD_LETTERS in names(row.name)}
    assert len(last) == 1
    assert not [one for row in BUILT for one in grants(row) if one.name in last]


def test_a_place_inside_a_wider_one_is_not_given_twice() -> None:
    for row in BUILT:
        found = [one for one in grants(row) if one.on == "bucket"]
        for one in found:
            wider = [
                other
                for other in found
                if other != one
                and other.name == one.name
                and one.prefix.startswith(other.prefix)
                and (other.role == access.WRITES or other.role == one.role)
            ]
            assert not wider, f"{row.name}: {one} lies within {wider}"


def test_a_grant_is_the_same_in_every_rendering() -> None:
    row = BUILT[0]
    assert grants(row) == sorted(grants(row))
    assert Grant("topic", "t", "r").to_dict() == {
        "on": "topic",
        "name": "t",
        "role": "r",
        "prefix": "",
    }


def test_the_reach_of_a_function_includes_imports_inside_of_functions() -> None:
    from infra.reach import modules

    for row in BUILT:
        reached = set(modules(row.name))
        assert Path("functions", row.name, "main.py") in reached
        # Imported only when tracing is on, inside of a function.
        traced = Path("shared/adapters/traces.py") in reached
        assert traced == (row.name != "console")
        others = {path.parts[1] for path in reached if path.parts[0] == "functions"}
        assert others <= {row.name, "__init__.py"}
