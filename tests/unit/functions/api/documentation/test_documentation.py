"""The documentation is what the code is: every operation, every answer, every problem."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from functions.api.routes import DOCUMENTATION, ROUTES
from shared.http.openapi import Problem, cache_document, route_problems
from shared.http.problems import InvalidFields, build_problem, error_status
from tests.fakes.application import SETTINGS, AppHarness

README = Path(__file__).parents[5] / "functions" / "api" / "README.md"
DOCUMENT = DOCUMENTATION.build_document(SETTINGS.public_url)


class Page(HTMLParser):
    """What a page links to and names, and whether its elements are closed."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.styles: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.links += [str(told["href"])] if "href" in told else []
        self.ids += [str(told["id"])] if "id" in told else []
        assert tag not in ("script", "img", "link", "iframe")
        assert not any(name.startswith("on") or name == "style" for name in told)
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "style":
            self.styles.append(data)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def page_of(path: str) -> tuple[Any, Page]:
    answer = AppHarness(ROUTES).request("GET", path)
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    page = Page()
    page.feed(answer.text)
    page.close()
    assert page.open == []
    return answer, page


def test_what_is_served_is_made_of_the_routes_that_answer() -> None:
    answer = AppHarness(ROUTES).request("GET", "/v1/openapi.json")

    assert answer.mimetype == "application/json"
    assert answer.json == json.loads(json.dumps(DOCUMENT))
    assert answer.json["openapi"] == "3.1.0"
    served = {
        (method.upper(), path)
        for path, methods in answer.json["paths"].items()
        for method in methods
    }
    assert served == {(one.method, one.path) for one in ROUTES}


def test_every_reference_and_link_leads_somewhere() -> None:
    text = json.dumps(DOCUMENT)
    operations = [one for methods in DOCUMENT["paths"].values() for one in methods.values()]
    names = [one["operationId"] for one in operations]

    for name in re.findall(r'"#/components/schemas/([^"]+)"', text):
        assert name in DOCUMENT["components"]["schemas"]
    assert len(set(names)) == len(names)
    for one in operations:
        for answer in one["responses"].values():
            for link in answer.get("links", {}).values():
                assert link["operationId"] in names


def test_every_bound_of_a_form_stands_in_its_schema() -> None:
    schemas = DOCUMENT["components"]["schemas"]

    assert schemas["Registration"]["properties"]["password"]["minLength"] == 10
    title = schemas["JobChange"]["properties"]["title"]
    assert (title["maxLength"], title["minLength"]) == (200, 1)
    assert re.fullmatch(title["pattern"], "A title")
    assert not re.fullmatch(title["pattern"], " \t")
    assert schemas["NewJob"]["required"] == ["recipe"]
    assert "from" in schemas["NewJob"]["properties"]
    assert schemas["NewJob"]["additionalProperties"] is False


def test_a_problem_is_what_the_document_says_it_is() -> None:
    told = build_problem(InvalidFields([("a", "A.")]), "r", "https://x")

    assert Problem.model_validate(told).model_dump(mode="json") == told


@pytest.mark.parametrize("code", DOCUMENTATION.list_problems())
def test_every_problem_has_a_page(code: str) -> None:
    _, page = page_of(f"/problems/{code}")

    assert "/v1/docs" in page.links


def test_a_problem_that_is_none_has_no_page() -> None:
    assert AppHarness(ROUTES).request("GET", "/problems/no-such-problem").status_code == 404


def test_every_code_that_a_route_may_answer_is_explained() -> None:
    explained = DOCUMENTATION.list_problems()

    for route in ROUTES:
        for cause in route_problems(route):
            assert explained[cause.code][0] == error_status(cause)
            assert explained[cause.code][1].endswith(".")


def test_the_page_for_people_needs_no_script_and_none_could_run() -> None:
    answer, page = page_of("/v1/docs")
    [style] = page.styles
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    assert f"style-src 'sha256-{digest}'" in answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert len(set(page.ids)) == len(page.ids)
    sandbox_io = {link[1:] for link in page.links if link.startswith("#")}
    assert sandbox_io <= set(page.ids)
    for link in page.links:
        assert link.startswith(("#", "/problems/", "/v1/")), link
    assert {one.handler.__name__ for one in ROUTES} <= set(page.ids)


def test_the_readme_names_every_call_and_no_other() -> None:
    # In a row of its table, the calls before the last cell are those of other servers.
    ours = [line.removesuffix(" |").rpartition(" | ")[2] for line in README.read_text().split("\n")]
    named = set(re.findall(r"`(GET|POST|PUT|PATCH|DELETE) (/[^`?]*)", "\n".join(ours)))

    problems = {("GET", "/problems/{code}")}
    assert named == {(one.method, one.path) for one in ROUTES} - problems


def test_requests_at_once_render_a_document_once() -> None:
    rendered = []
    start = threading.Barrier(16)

    @cache_document
    def render(server: str) -> str:
        time.sleep(0.02)
        rendered.append(server)
        return f"document of {server}"

    def ask(_: int) -> str:
        start.wait(60)
        return render("https://example.org")

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(ask, range(16))) == {"document of https://example.org"}
    assert rendered == ["https://example.org"]
