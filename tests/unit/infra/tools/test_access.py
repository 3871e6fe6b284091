"""Access: what each row declares is what its code needs, and no more."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from infra.local.suite.layout import ROOT
from infra.tools import access
from infra.tools.access import Grant, grants, takes_envelopes
from infra.tools.imports import modules
from shared.pipeline import (
    DECKS_PREFIX,
    PREVIEWS_PREFIX,
    QUARANTINE_PREFIX,
    RECIPES,
    STAGES,
    AccountAccess,
    Bucket,
    Finalized,
    GeminiBackend,
    Kind,
    Prefix,
    Stage,
    feeds,
)

BUILT = [row for row in STAGES.values() if row.built]
EACH = pytest.mark.parametrize("row", BUILT, ids=lambda row: row.name)
TAKES_ENVELOPES = {row.name for row in BUILT if takes_envelopes(row)}

# What a function's adapters call, as a line of its code would say it, and the role that it takes.
CALLS = {
    r"\bobjects\.(sign_upload|sign_download)\b": access.SIGNS_URLS,
    r"\bcall\.(world|job|run)\b|\btask\b": access.FIRESTORE,
    r"\bobjects\.(create|compose|copy)\b": access.WRITES,
}


def roles(row: Stage) -> set[str]:
    return {one.role for one in grants(row)}


def code(row: Stage) -> str:
    folder = ROOT / "functions" / row.name
    return "\n".join(path.read_text() for path in sorted(folder.rglob("*.py")))


def covers(wider: Prefix, narrower: Prefix) -> bool:
    return wider[0] is narrower[0] and narrower[1].startswith(wider[1])


@EACH
def test_a_role_is_there_exactly_when_the_code_calls_what_needs_it(row: Stage) -> None:
    text = code(row)
    for pattern, role in CALLS.items():
        if re.search(pattern, text):
            assert role in roles(row), f"{row.name} calls {pattern} without {role}"
    if not re.search(r"\bsign_(upload|download)\b", text):
        assert access.SIGNS_URLS not in roles(row)


@EACH
def test_account_roles_are_there_exactly_when_the_code_reaches_accounts(row: Stage) -> None:
    changes = re.search(r"\bbootstrap\.(accounts|doorkeeper)\b", code(row)) is not None
    assert (row.access.accounts is AccountAccess.ADMIN) == changes
    if row.access.accounts is AccountAccess.VIEW:
        assert row.kind is Kind.HTTPS


@EACH
def test_vertex_ai_may_be_asked_exactly_where_the_code_asks_a_model(row: Stage) -> None:
    assert row.access.vertex_ai == (re.search(r"\bbootstrap\.slide_model\b", code(row)) is not None)


@EACH
def test_a_function_exports_spans_exactly_when_its_code_can(row: Stage) -> None:
    # Imported only when tracing is on, inside of a function.
    assert row.access.traces == (Path("shared/adapters/opentelemetry.py") in modules(row.name))


@EACH
def test_an_event_driven_function_reads_and_writes_firestore(row: Stage) -> None:
    assert row.access.firestore or not row.event_driven


@EACH
def test_a_function_reads_the_secrets_of_its_row_and_no_other(row: Stage) -> None:
    secrets = {one.name for one in grants(row) if one.on == "secret"}
    assert secrets == set(row.secrets)


@EACH
def test_a_function_may_write_wherever_its_row_says_that_it_does(row: Stage) -> None:
    for place in row.writes:
        assert any(covers(granted, place) for granted in row.access.write), place


@EACH
def test_a_function_that_objects_wake_may_delete_and_quarantine_them(row: Stage) -> None:
    if isinstance(row.trigger, Finalized):
        woken_by = (row.trigger.bucket, row.trigger.prefix)
        for place in (woken_by, (Bucket.WORK, QUARANTINE_PREFIX)):
            assert any(covers(granted, place) for granted in row.access.write), place


@EACH
def test_a_function_may_read_what_it_consumes(row: Stage) -> None:
    readable = (*row.access.read, *row.access.write)
    consumed = set(row.consumes) - {"upload", "outcome"}
    places = {
        place
        for other in BUILT
        if consumed & set(other.produces)
        for place in other.writes
        if place[0] is Bucket.WORK
    }
    if "upload" in row.consumes:
        places.add((Bucket.UPLOADS, ""))
    for place in places:
        assert any(covers(granted, place) for granted in readable), place


@EACH
def test_a_pipeline_stage_publishes_to_itself_what_follows_and_notification(row: Stage) -> None:
    if row.kind is not Kind.MEDIA or row.name == "notification":
        return
    following = {row.name, "notification"}
    for recipe in RECIPES.values():
        if row.name in recipe.media_stages:
            following |= {recipe.after(row.name) or row.name, feeds(row.name, recipe) or row.name}
    assert set(row.access.publish) == following


@EACH
def test_no_function_publishes_where_only_google_cloud_does(row: Stage) -> None:
    assert set(row.access.publish) <= TAKES_ENVELOPES
    assert len(set(row.access.publish)) == len(row.access.publish)


def test_functions_that_restart_any_job_may_publish_to_every_function() -> None:
    restarting = {
        row.name
        for row in BUILT
        if re.search(r"\b(dead_letters|sweeps)\(|\b(redrive\.redrive|cancel\.cancel)\(", code(row))
    }
    everywhere = {row.name for row in BUILT if set(row.access.publish) == TAKES_ENVELOPES}
    assert everywhere == restarting
    assert everywhere >= {"dead_letter", "sweeper", "api"}


@EACH
def test_no_role_is_wider_than_one_thing_where_one_thing_is_enough(row: Stage) -> None:
    for one in grants(row):
        if one.on == "project":
            allowed = (
                access.FIRESTORE,
                access.TRACES,
                access.ASKS_VERTEX_AI,
                *access.ACCOUNTS.values(),
            )
            assert one.role in allowed
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
def test_a_stage_that_no_object_wakes_cannot_remove_any_but_its_own(row: Stage) -> None:
    if isinstance(row.trigger, Finalized) or row.kind is not Kind.MEDIA:
        return
    assert set(row.access.write) == set(row.writes)


def test_slide_generation_reads_the_decks_that_users_saved() -> None:
    """The API writes an edited deck; whoever draws the next revision begins with it."""
    assert (Bucket.WORK, DECKS_PREFIX) in STAGES["slide_generation"].access.read


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


def test_a_function_that_streams_results_reads_nothing_else() -> None:
    """Frames, faces and speech lie in the work bucket, and are nobody's result; of cameras the
    previews alone are shown."""
    granted = grants(STAGES["downloads"])
    of_buckets = {(one.name, one.prefix, one.role) for one in granted if one.on == "bucket"}
    assert of_buckets == {
        ("outputs", "", access.READS),
        ("work", PREVIEWS_PREFIX, access.READS),
    }
    assert {one.name for one in granted if one.on == "topic"} == {STAGES["recorder"].topic}


@EACH
def test_a_prefix_inside_a_wider_one_is_not_granted_twice(row: Stage) -> None:
    for role, wider in (
        (row.access.read, (*row.access.read, *row.access.write)),
        (row.access.write, row.access.write),
    ):
        for place in role:
            assert [one for one in wider if covers(one, place)] == [place]


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
    for row in BUILT:
        reached = set(modules(row.name))
        assert Path("functions", row.name, "main.py") in reached
        others = {path.parts[1] for path in reached if path.parts[0] == "functions"}
        assert others <= {row.name, "__init__.py"}
