"""Access: what each row declares is what its code needs, and no more."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from infra.local.suite.layout import ROOT
from infra.tools import access
from infra.tools.access import Grant, accepts_envelopes, list_grants
from infra.tools.imports import find_modules
from shared.pipeline import (
    DECKS_PREFIX,
    FUNCTIONS,
    PREVIEWS_PREFIX,
    QUARANTINE_PREFIX,
    RECIPES,
    AccountAccess,
    Bucket,
    FinalizeTrigger,
    Function,
    FunctionKind,
    GeminiBackend,
    Prefix,
    find_consumer,
)

BUILT = [row for row in FUNCTIONS.values() if row.is_built]
EACH = pytest.mark.parametrize("function", BUILT, ids=lambda row: row.name)
TAKES_ENVELOPES = {row.name for row in BUILT if accepts_envelopes(row)}

# What a function's adapters call, as a line of its code would say it, and the role that it takes.
CALLS = {
    r"\bobjects\.(sign_upload|sign_download)\b": access.URL_SIGNER_ROLE,
    r"\brequest\.(services|job|run)\b|\bcontext\b": access.FIRESTORE_ROLE,
    r"\bobjects\.(create|compose|copy)\b": access.OBJECT_WRITER_ROLE,
}


def roles(function: Function) -> set[str]:
    return {one.role for one in list_grants(function)}


def code(function: Function) -> str:
    folder = ROOT / "functions" / function.name
    return "\n".join(path.read_text() for path in sorted(folder.rglob("*.py")))


def covers(wider: Prefix, narrower: Prefix) -> bool:
    return wider[0] is narrower[0] and narrower[1].startswith(wider[1])


@EACH
def test_a_role_is_there_exactly_when_the_code_calls_what_needs_it(function: Function) -> None:
    text = code(function)
    for pattern, role in CALLS.items():
        if re.search(pattern, text):
            assert role in roles(function), f"{function.name} calls {pattern} without {role}"
    if not re.search(r"\bsign_(upload|download)\b", text):
        assert access.URL_SIGNER_ROLE not in roles(function)


@EACH
def test_account_roles_are_there_exactly_when_the_code_reaches_accounts(function: Function) -> None:
    changes = re.search(r"\bbootstrap\.(accounts|account_admin)\b", code(function)) is not None
    assert (function.access.accounts is AccountAccess.ADMIN) == changes
    if function.access.accounts is AccountAccess.VIEW:
        assert function.kind is FunctionKind.HTTPS


@EACH
def test_vertex_ai_may_be_asked_exactly_where_the_code_asks_a_model(function: Function) -> None:
    assert function.access.vertex_ai == (
        re.search(r"\bbootstrap\.deck_model\b", code(function)) is not None
    )


@EACH
def test_a_function_exports_spans_exactly_when_its_code_can(function: Function) -> None:
    # Imported only when tracing is on, inside of a function.
    assert function.access.traces == (
        Path("shared/adapters/opentelemetry.py") in find_modules(function.name)
    )


@EACH
def test_an_event_driven_function_reads_and_writes_firestore(function: Function) -> None:
    assert function.access.firestore or not function.is_event_driven


@EACH
def test_a_function_reads_the_secrets_of_its_row_and_no_other(function: Function) -> None:
    secrets = {one.name for one in list_grants(function) if one.scope == "secret"}
    assert secrets == set(function.secrets)


@EACH
def test_a_function_may_write_wherever_its_row_says_that_it_does(function: Function) -> None:
    for place in function.writes:
        assert any(covers(granted, place) for granted in function.access.write), place


@EACH
def test_a_function_that_objects_wake_may_delete_and_quarantine_them(function: Function) -> None:
    if isinstance(function.trigger, FinalizeTrigger):
        woken_by = (function.trigger.bucket, function.trigger.prefix)
        for place in (woken_by, (Bucket.WORK, QUARANTINE_PREFIX)):
            assert any(covers(granted, place) for granted in function.access.write), place


@EACH
def test_a_function_may_read_what_it_consumes(function: Function) -> None:
    readable = (*function.access.read, *function.access.write)
    consumed = set(function.consumes) - {"upload", "outcome"}
    places = {
        place
        for other in BUILT
        if consumed & set(other.produces)
        for place in other.writes
        if place[0] is Bucket.WORK
    }
    if "upload" in function.consumes:
        places.add((Bucket.UPLOADS, ""))
    for place in places:
        assert any(covers(granted, place) for granted in readable), place


@EACH
def test_a_pipeline_stage_publishes_to_itself_what_follows_and_notification(
    function: Function,
) -> None:
    if function.kind is not FunctionKind.PIPELINE or function.name == "notification":
        return
    following = {function.name, "notification"}
    for recipe in RECIPES.values():
        if function.name in recipe.result_stages:
            following |= {
                recipe.next_stage(function.name) or function.name,
                find_consumer(function.name, recipe) or function.name,
            }
    assert set(function.access.publish) == following


@EACH
def test_no_function_publishes_where_only_google_cloud_does(function: Function) -> None:
    assert set(function.access.publish) <= TAKES_ENVELOPES
    assert len(set(function.access.publish)) == len(function.access.publish)


def test_functions_that_restart_any_job_may_publish_to_every_function() -> None:
    restarting = {
        row.name
        for row in BUILT
        if re.search(
            r"\b(dead_letter_function|sweeper_function)\(|\b(redrive\.redrive|cancel\.cancel)\(",
            code(row),
        )
    }
    everywhere = {row.name for row in BUILT if set(row.access.publish) == TAKES_ENVELOPES}
    assert everywhere == restarting
    assert everywhere >= {"dead_letter", "sweeper", "api"}


@EACH
def test_no_role_is_wider_than_one_thing_where_one_thing_is_enough(function: Function) -> None:
    for one in list_grants(function):
        if one.scope == "project":
            allowed = (
                access.FIRESTORE_ROLE,
                access.TRACE_ROLE,
                access.VERTEX_AI_ROLE,
                *access.ACCOUNT_ROLES.values(),
            )
            assert one.role in allowed
        else:
            assert one.name or one.scope == "self"
        if one.scope == "bucket" and not one.prefix:
            # The whole bucket: only who may not know whose an object is, or has to list.
            assert (
                function.kind is not FunctionKind.PIPELINE
                or one.role == access.OBJECT_READER_ROLE
                or function.trigger == FinalizeTrigger(Bucket(one.name))
            )


@EACH
def test_a_stage_that_no_object_wakes_cannot_remove_any_but_its_own(function: Function) -> None:
    if isinstance(function.trigger, FinalizeTrigger) or function.kind is not FunctionKind.PIPELINE:
        return
    assert set(function.access.write) == set(function.writes)


def test_slide_generation_reads_the_decks_that_users_saved() -> None:
    """The API writes an edited deck; whoever draws the next revision begins with it."""
    assert (Bucket.WORK, DECKS_PREFIX) in FUNCTIONS["slide_generation"].access.read


def test_who_asks_gemini_alone_may_and_has_a_key_only_where_there_is_no_role_for_it() -> None:
    asking = {
        row.name: {(one.role, one.backend) for one in list_grants(row) if one.backend}
        for row in BUILT
    }
    assert {name: found for name, found in asking.items() if found} == {
        "slide_generation": {
            (access.VERTEX_AI_ROLE, GeminiBackend.VERTEX_AI),
            (access.ACCESSOR_ROLE, GeminiBackend.DEVELOPER_API),
        }
    }
    assert all(one.backend for row in BUILT for one in list_grants(row) if "GEMINI" in one.name)


def test_a_function_that_streams_results_reads_nothing_else() -> None:
    """Frames, faces and speech lie in the work bucket, and are nobody's result; of cameras the
    previews alone are shown."""
    granted = list_grants(FUNCTIONS["downloads"])
    of_buckets = {(one.name, one.prefix, one.role) for one in granted if one.scope == "bucket"}
    assert of_buckets == {
        ("outputs", "", access.OBJECT_READER_ROLE),
        ("work", PREVIEWS_PREFIX, access.OBJECT_READER_ROLE),
    }
    assert {one.name for one in granted if one.scope == "topic"} == {FUNCTIONS["recorder"].topic}


@EACH
def test_a_prefix_inside_a_wider_one_is_not_granted_twice(function: Function) -> None:
    for role, wider in (
        (function.access.read, (*function.access.read, *function.access.write)),
        (function.access.write, function.access.write),
    ):
        for place in role:
            assert [one for one in wider if covers(one, place)] == [place]


def test_a_grant_is_the_same_in_every_rendering() -> None:
    row = BUILT[0]
    assert list_grants(row) == sorted(list_grants(row))
    assert Grant("topic", "t", "r").to_dict() == {
        "scope": "topic",
        "name": "t",
        "role": "r",
        "prefix": "",
    }


def test_the_reach_of_a_function_includes_imports_inside_of_functions() -> None:
    for row in BUILT:
        reached = set(find_modules(row.name))
        assert Path("functions", row.name, "main.py") in reached
        others = {path.parts[1] for path in reached if path.parts[0] == "functions"}
        assert others <= {row.name, "__init__.py"}
