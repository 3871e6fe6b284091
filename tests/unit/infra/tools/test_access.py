"""Access grants: each row declares the access that its code needs, and no more."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from infra.local.suite.layout import ROOT
from infra.tools import access
from infra.tools.access import Grant, list_grants
from infra.tools.imports import find_modules
from shared.cloud_function import CUSTOMER_BUCKETS_ACCOUNT
from shared.pipeline import (
    DECKS_PREFIX,
    FILM_CACHE_PREFIX,
    FUNCTIONS,
    NARRATION_CACHE_PREFIX,
    PREVIEWS_PREFIX,
    QUARANTINE_PREFIX,
    SLIDE_CACHE_PREFIX,
    AccountAccess,
    Bucket,
    FinalizeTrigger,
    Function,
    FunctionKind,
    GeminiBackend,
    Prefix,
)
from tests.unit.infra.tools.function_code import code

ROWS = list(FUNCTIONS.values())
EACH = pytest.mark.parametrize("function", ROWS, ids=lambda row: row.name)

# Calls to adapters, as patterns of source code, and the role that each needs.
CALLS = {
    r"\bobjects\.(sign_upload|sign_download)\b": access.URL_SIGNER_ROLE,
    r"\brequest\.(services|job|run)\b|\bcontext\b": access.FIRESTORE_ROLE,
    r"\bobjects\.(create|compose|copy)\b": access.OBJECT_WRITER_ROLE,
}
PRIVATE_KEYS = {
    "camera": "CAMERA_KEYS", "webhook": "WEBHOOK_KEYS", "fetch": "FETCH_KEYS",
    "delivery": "DELIVERY_KEYS",
}  # fmt: skip
"""The secrets of private keys, by the use of the keys."""


def roles(function: Function) -> set[str]:
    # The role on the account for buckets of users is the one that signs URLs.
    grants = list_grants(function)
    return {grant.role for grant in grants if grant.scope != "customer_buckets"}


def covers(wider: Prefix, narrower: Prefix) -> bool:
    return wider[0] is narrower[0] and narrower[1].startswith(wider[1])


@EACH
def test_roles_match_the_calls_in_the_code(function: Function) -> None:
    text = code(function)
    for pattern, role in CALLS.items():
        if re.search(pattern, text):
            assert role in roles(function), f"{function.name} calls {pattern} without {role}"
    if not re.search(r"\bsign_(upload|download)\b", text):
        assert access.URL_SIGNER_ROLE not in roles(function)


@EACH
def test_account_roles_match_the_use_of_accounts(function: Function) -> None:
    manages_accounts = (
        re.search(r"\bbootstrap\.(accounts|account_admin)\b", code(function)) is not None
    )
    assert (function.access.accounts is AccountAccess.ADMIN) == manages_accounts
    if function.access.accounts is AccountAccess.VIEW:
        assert function.kind is FunctionKind.HTTPS


@EACH
def test_only_functions_that_call_gemini_may_use_vertex_ai(function: Function) -> None:
    assert function.access.vertex_ai == (
        re.search(r"\bbootstrap\.deck_model\b", code(function)) is not None
    )


@EACH
def test_only_functions_that_recognize_speech_may_use_speech_to_text(function: Function) -> None:
    # api lists the languages.
    assert function.access.speech_to_text == (
        re.search(r"\bbootstrap\.(recognizer|recognition_languages)\b", code(function)) is not None
    )


@EACH
def test_only_functions_with_tracing_may_export_spans(function: Function) -> None:
    # Imported inside a function, only when tracing is enabled.
    assert function.access.traces == (
        Path("shared/adapters/opentelemetry.py") in find_modules(function.name)
    )


@EACH
def test_event_driven_functions_use_firestore(function: Function) -> None:
    assert function.access.firestore or not function.is_event_driven


@EACH
def test_functions_read_exactly_the_secrets_of_their_row(function: Function) -> None:
    secrets = {grant.name for grant in list_grants(function) if grant.scope == "secret"}
    assert secrets == set(function.secrets)


@EACH
def test_private_keys_are_secrets_of_the_functions_that_decrypt(function: Function) -> None:
    for use, secret in PRIVATE_KEYS.items():
        decrypts = re.search(rf"\b{use}_decrypter\(", code(function)) is not None
        assert decrypts == (secret in function.secrets)
    assert len(set(PRIVATE_KEYS.values()) & set(function.secrets)) < 2, "it reads another's field"


def test_private_keys_have_one_holder_each() -> None:
    holders = {
        secret: [row.name for row in ROWS if secret in row.secrets]
        for secret in PRIVATE_KEYS.values()
    }
    assert holders == {
        "CAMERA_KEYS": ["recorder"], "WEBHOOK_KEYS": ["webhook"], "FETCH_KEYS": ["input_fetch"],
        "DELIVERY_KEYS": ["result_delivery"],
    }  # fmt: skip


@EACH
def test_functions_that_use_buckets_of_users_act_as_their_account(function: Function) -> None:
    uses = re.search(r"\bcustomer_buckets\(\)", code(function)) is not None
    assert uses == function.access.customer_buckets
    assert uses == any(grant.scope == "customer_buckets" for grant in list_grants(function))


@EACH
def test_write_access_covers_all_declared_writes(function: Function) -> None:
    for prefix in function.writes:
        assert any(covers(granted, prefix) for granted in function.access.write), prefix


@EACH
def test_finalize_triggers_may_delete_and_quarantine_objects(function: Function) -> None:
    if isinstance(function.trigger, FinalizeTrigger):
        source = (function.trigger.bucket, function.trigger.prefix)
        for prefix in (source, (Bucket.WORK, QUARANTINE_PREFIX)):
            assert any(covers(granted, prefix) for granted in function.access.write), prefix


@EACH
def test_functions_may_read_their_inputs(function: Function) -> None:
    readable = (*function.access.read, *function.access.write)
    consumed = set(function.consumes) - {"upload", "outcome"}
    prefixes = {
        prefix
        for producer in ROWS
        if consumed & set(producer.produces)
        for prefix in producer.writes
        if prefix[0] is Bucket.WORK
    }
    if "upload" in function.consumes:
        prefixes.add((Bucket.UPLOADS, ""))
    for prefix in prefixes:
        assert any(covers(granted, prefix) for granted in readable), prefix


@EACH
def test_roles_are_on_single_resources_where_possible(function: Function) -> None:
    for grant in list_grants(function):
        if grant.scope == "project":
            allowed = (
                access.FIRESTORE_ROLE,
                access.TRACE_ROLE,
                access.VERTEX_AI_ROLE,
                access.SPEECH_TO_TEXT_ROLE,
                *access.ACCOUNT_ROLES.values(),
            )
            assert grant.role in allowed
        else:
            assert grant.name or grant.scope == "self"
        if grant.scope == "bucket" and not grant.prefix:
            # Whole buckets only for functions that list objects or do not know their owner.
            assert (
                function.kind is not FunctionKind.PIPELINE
                or grant.role == access.OBJECT_READER_ROLE
                or function.trigger == FinalizeTrigger(Bucket(grant.name))
            )


CACHES = (FILM_CACHE_PREFIX, NARRATION_CACHE_PREFIX, SLIDE_CACHE_PREFIX)


@EACH
def test_stages_can_delete_only_their_own_objects(function: Function) -> None:
    if isinstance(function.trigger, FinalizeTrigger) or function.kind is not FunctionKind.PIPELINE:
        return
    # The caches of owners belong to no job.
    written = {(bucket, name) for bucket, name in function.access.write if name not in CACHES}
    assert written == set(function.writes)


def test_slide_generation_may_read_edited_decks() -> None:
    """The API writes an edited deck; slide_generation draws the next revision from it."""
    assert (Bucket.WORK, DECKS_PREFIX) in FUNCTIONS["slide_generation"].access.read


def test_gemini_is_granted_by_role_or_key_to_slide_generation_only() -> None:
    by_backend = {
        row.name: {(grant.role, grant.backend) for grant in list_grants(row) if grant.backend}
        for row in ROWS
    }
    assert {name: grants for name, grants in by_backend.items() if grants} == {
        "slide_generation": {
            (access.VERTEX_AI_ROLE, GeminiBackend.VERTEX_AI),
            (access.ACCESSOR_ROLE, GeminiBackend.DEVELOPER_API),
        }
    }
    keys = [grant for row in ROWS for grant in list_grants(row) if "GEMINI" in grant.name]
    assert all(grant.backend for grant in keys)


def test_downloads_reads_results_and_previews_only() -> None:
    """The rest of the work bucket (frames, faces, speech) is no result of a user."""
    grants = list_grants(FUNCTIONS["downloads"])
    on_buckets = {
        (grant.name, grant.prefix, grant.role) for grant in grants if grant.scope == "bucket"
    }
    assert on_buckets == {
        ("outputs", "", access.OBJECT_READER_ROLE),
        ("work", PREVIEWS_PREFIX, access.OBJECT_READER_ROLE),
    }
    assert {grant.name for grant in grants if grant.scope == "topic"} == {
        FUNCTIONS["recorder"].topic
    }


@EACH
def test_no_prefix_is_granted_twice(function: Function) -> None:
    for role, wider in (
        (function.access.read, (*function.access.read, *function.access.write)),
        (function.access.write, function.access.write),
    ):
        for prefix in role:
            assert [other for other in wider if covers(other, prefix)] == [prefix]


def test_grants_are_rendered_deterministically() -> None:
    row = ROWS[0]
    assert list_grants(row) == sorted(list_grants(row))
    assert Grant("topic", "t", "r").to_dict() == {
        "scope": "topic",
        "name": "t",
        "role": "r",
        "prefix": "",
    }


def test_imported_modules_include_imports_inside_functions() -> None:
    for row in ROWS:
        modules = set(find_modules(row.name))
        assert Path("functions", row.name, "main.py") in modules
        functions = {path.parts[1] for path in modules if path.parts[0] == "functions"}
        assert functions <= {row.name, "__init__.py"}


def test_terraform_grants_the_account_for_buckets_of_users_the_same_roles() -> None:
    text = " ".join((ROOT / "infra" / "terraform" / "accounts.tf").read_text().split())
    for grant in access.CUSTOMER_BUCKETS_GRANTS:
        entry = f'{{ prefix = "{grant.prefix}", role = "{grant.role}" }}'
        assert re.search(rf"{grant.name} = {re.escape(entry)}", text), grant
    assert f'account_id = "{CUSTOMER_BUCKETS_ACCOUNT}"' in text
