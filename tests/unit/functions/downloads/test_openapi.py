"""Tests that the OpenAPI document of `downloads` matches its routes and problems."""

from __future__ import annotations

import json

import pytest

from functions.api import routes as api_routes
from functions.downloads.routes import DOCUMENTATION, ROUTES
from shared.http.openapi.responses import route_problems
from shared.http.problems import error_status
from shared.http.ranges import CONDITION_HEADERS
from shared.http.routing import Route
from tests.fakes.application import SETTINGS, AppHarness

DOCUMENT = DOCUMENTATION.build_document(SETTINGS.public_url)
DOWNLOAD_ROUTES = [route for route in ROUTES if 206 in route.other_statuses]


def test_document_lists_all_routes() -> None:
    response = AppHarness(ROUTES).request("GET", "/v1/media/openapi.json")

    assert response.json == json.loads(json.dumps(DOCUMENT))
    assert set(DOCUMENT["paths"]) == {route.path for route in ROUTES}


@pytest.mark.parametrize("route", DOWNLOAD_ROUTES, ids=lambda route: route.path)
def test_ranges_and_conditions_are_documented(route: Route) -> None:
    operation = DOCUMENT["paths"][route.path]["get"]
    responses = operation["responses"]

    assert {"200", "206", "302", "304", "404", "412", "416"} <= set(responses)
    assert ("401" in responses) is route.sign_in_required
    assert set(responses["200"]["content"]) == set(responses["206"]["content"]) == {"*/*"}
    assert "Content-Range" in responses["206"]["headers"]
    assert "Location" in responses["302"]["headers"]
    headers = {item["name"] for item in operation["parameters"] if item["in"] == "header"}
    assert headers == set(CONDITION_HEADERS)


def test_every_problem_of_downloads_has_a_page_in_the_api() -> None:
    codes = {
        error.code: int(error_status(error)) for route in ROUTES for error in route_problems(route)
    }
    pages = {code: status for code, (status, _) in api_routes.DOCUMENTATION.list_problems().items()}

    assert {code: pages.get(code) for code in codes} == codes
