"""The documentation of `downloads` says what it answers, and each of its problems is explained."""

from __future__ import annotations

import json

import pytest

from functions.api import routes as api_routes
from functions.downloads.routes import DOCUMENTATION, ROUTES
from shared.http.openapi import route_problems
from shared.http.problems import error_status
from shared.http.ranges import CONDITION_HEADERS
from shared.http.routing import Route
from tests.fakes.application import SETTINGS, AppHarness

DOCUMENT = DOCUMENTATION.build_document(SETTINGS.public_url)
BYTES = [one for one in ROUTES if 206 in one.other_statuses]


def test_what_is_served_is_made_of_the_routes_that_answer() -> None:
    answer = AppHarness(ROUTES).request("GET", "/v1/media/openapi.json")

    assert answer.json == json.loads(json.dumps(DOCUMENT))
    assert set(DOCUMENT["paths"]) == {one.path for one in ROUTES}


@pytest.mark.parametrize("route", BYTES, ids=lambda one: one.path)
def test_ranges_and_conditions_are_documented(route: Route) -> None:
    operation = DOCUMENT["paths"][route.path]["get"]
    answers = operation["responses"]

    assert {"200", "206", "302", "304", "404", "412", "416"} <= set(answers)
    assert ("401" in answers) is route.sign_in_required
    assert set(answers["200"]["content"]) == set(answers["206"]["content"]) == {"*/*"}
    assert "Content-Range" in answers["206"]["headers"]
    assert "Location" in answers["302"]["headers"]
    headers = {one["name"] for one in operation["parameters"] if one["in"] == "header"}
    assert headers == set(CONDITION_HEADERS)


def test_every_problem_of_media_has_its_page_at_the_api() -> None:
    codes = {one.code: int(error_status(one)) for route in ROUTES for one in route_problems(route)}
    pages = {code: status for code, (status, _) in api_routes.DOCUMENTATION.list_problems().items()}

    assert {code: pages.get(code) for code in codes} == codes
