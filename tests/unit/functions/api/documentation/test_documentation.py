"""Tests that the documentation matches the routes, responses and problems of the API."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from functions.api.routes import DOCUMENTATION, ROUTES
from functions.downloads.routes import DOCUMENTATION as DOWNLOADS_DOCUMENTATION
from shared.http.openapi.documentation import cache_document
from shared.http.openapi.responses import Problem, route_problems
from shared.http.problems import InvalidFields, build_problem, error_status
from shared.pipeline import FUNCTIONS
from tests.fakes.application import SETTINGS, AppHarness

README = Path(__file__).parents[5] / "functions" / "api" / "README.md"
DOCUMENT = DOCUMENTATION.build_document(SETTINGS.public_url)
DOWNLOADS = DOWNLOADS_DOCUMENTATION.build_document(SETTINGS.public_url)


class Page(HTMLParser):
    """Collects the links, ids and styles of a page, and its unclosed elements."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.styles: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.links += [str(values["href"])] if "href" in values else []
        self.ids += [str(values["id"])] if "id" in values else []
        assert tag not in ("script", "img", "link", "iframe")
        assert not any(name.startswith("on") or name == "style" for name in values)
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "style":
            self.styles.append(data)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def get_page(path: str) -> tuple[Any, Page]:
    response = AppHarness(ROUTES).request("GET", path)
    assert (response.status_code, response.mimetype) == (200, "text/html")
    page = Page()
    page.feed(response.text)
    page.close()
    assert page.open == []
    return response, page


def test_document_lists_all_routes() -> None:
    response = AppHarness(ROUTES).request("GET", "/v1/openapi.json")

    assert response.mimetype == "application/json"
    assert response.json == json.loads(json.dumps(DOCUMENT))
    assert response.json["openapi"] == "3.1.0"
    served = {
        (method.upper(), path)
        for path, methods in response.json["paths"].items()
        for method in methods
    }
    assert served == {(route.method, route.path) for route in ROUTES}


def test_references_and_links_resolve() -> None:
    text = json.dumps(DOCUMENT)
    operations = [
        operation for methods in DOCUMENT["paths"].values() for operation in methods.values()
    ]
    names = [operation["operationId"] for operation in operations]

    for name in re.findall(r'"#/components/schemas/([^"]+)"', text):
        assert name in DOCUMENT["components"]["schemas"]
    assert len(set(names)) == len(names)
    for operation in operations:
        for response in operation["responses"].values():
            for link in response.get("links", {}).values():
                assert link["operationId"] in names


def test_field_constraints_are_in_the_schema() -> None:
    schemas = DOCUMENT["components"]["schemas"]

    assert schemas["NewPassword"]["properties"]["password"]["minLength"] == 10
    title = schemas["JobChange"]["properties"]["title"]["anyOf"][0]
    assert (title["maxLength"], title["minLength"]) == (200, 1)
    assert re.fullmatch(title["pattern"], "A title")
    assert not re.fullmatch(title["pattern"], " \t")
    new_job = schemas["NewFramesJob"]
    assert new_job["required"] == ["recipe"]
    assert "from" in new_job["properties"]
    assert new_job["additionalProperties"] is False


def test_problem_matches_its_schema() -> None:
    problem = build_problem(InvalidFields([("a", "A.")]), "r", "https://x")

    assert Problem.model_validate(problem).model_dump(mode="json") == problem


@pytest.mark.parametrize("code", DOCUMENTATION.list_problems())
def test_every_problem_has_a_page(code: str) -> None:
    _, page = get_page(f"/problems/{code}")

    assert "/v1/docs" in page.links


def test_unknown_problem_has_no_page() -> None:
    assert AppHarness(ROUTES).request("GET", "/problems/no-such-problem").status_code == 404


def test_every_problem_of_a_route_is_described() -> None:
    explained = DOCUMENTATION.list_problems()

    for route in ROUTES:
        for cause in route_problems(route):
            assert explained[cause.code][0] == error_status(cause)
            assert explained[cause.code][1].endswith(".")


def test_docs_page_works_without_scripts() -> None:
    response, page = get_page("/v1/docs/plain")
    [style] = page.styles
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    assert f"style-src 'sha256-{digest}'" in response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert len(set(page.ids)) == len(page.ids)
    targets = {link[1:] for link in page.links if link.startswith("#")}
    assert targets <= set(page.ids)
    for link in page.links:
        assert link.startswith(("#", "/problems/", "/v1/")), link
    assert {route.handler.__name__ for route in ROUTES} <= set(page.ids)


def list_descriptions(node: Any) -> Iterator[str]:
    """Yields the descriptions and summaries of a part of a document."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name in ("description", "summary") and isinstance(value, str):
                yield value
            else:
                yield from list_descriptions(value)
    elif isinstance(node, list):
        for value in node:
            yield from list_descriptions(value)


@pytest.mark.parametrize("document", [DOCUMENT, DOWNLOADS], ids=["api", "downloads"])
def test_descriptions_contain_no_names_of_the_code(document: dict[str, Any]) -> None:
    """Neither modules and functions nor classes, which are words of several capitals, nor the names
    of Cloud Functions. Names of fields and recipes are those of the API."""
    functions = {name for name in FUNCTIONS if "_" in name}
    for text in list_descriptions(document):
        assert not re.search(r"\b[a-z_]+(\.[a-z]+_[a-z_]+|\([a-z_]*\))", text), text
        assert not re.search(r"\b(shared|functions|infra)\.", text), text
        words = set(re.findall(r"\w+", text))
        assert not words & functions, text
        capitals = {word for word in words if re.fullmatch(r"([A-Z][a-z]+){2,}", word)}
        assert not capitals, text


def test_readme_lists_every_route_and_no_other() -> None:
    # In a table row, only the last cell lists calls of this API.
    lines = [
        line.removesuffix(" |").rpartition(" | ")[2] for line in README.read_text().split("\n")
    ]
    documented = set(re.findall(r"`(GET|POST|PUT|PATCH|DELETE) (/[^`?]*)", "\n".join(lines)))

    problems = {("GET", "/problems/{code}")}
    assert documented == {(route.method, route.path) for route in ROUTES} - problems


def test_concurrent_requests_render_the_document_once() -> None:
    rendered = []
    start = threading.Barrier(16)

    @cache_document
    def render(server: str) -> str:
        time.sleep(0.02)
        rendered.append(server)
        return f"document of {server}"

    def fetch(_: int) -> str:
        start.wait(60)
        return render("https://example.org")

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(fetch, range(16))) == {"document of https://example.org"}
    assert rendered == ["https://example.org"]
