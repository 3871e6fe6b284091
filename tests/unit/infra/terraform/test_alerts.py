"""Alerts count events that the code logs, and refer to sections of the documentation that exist."""

from __future__ import annotations

import re

from infra.local.suite.layout import ROOT

CLOUD = ROOT / "infra" / "terraform"
PAGES = {path.name: path.read_text() for path in (ROOT / "infra").glob("*.md")}


def sections(page: str) -> set[str]:
    return set(re.findall(r"^## (.+)$", PAGES[page], re.MULTILINE))


def test_every_counted_event_is_logged_by_the_code() -> None:
    counted = set(re.findall(r'message=\\"([a-z_.]+)\\"', (CLOUD / "monitoring.tf").read_text()))
    assert len(counted) >= 5
    code = "\n".join(
        path.read_text()
        for package in ("shared", "functions")
        for path in (ROOT / package).rglob("*.py")
    )
    assert not {event for event in counted if f'"{event}"' not in code}


def test_every_alert_refers_to_an_existing_section() -> None:
    text = (CLOUD / "alerts.tf").read_text()
    documented = re.findall(r'^ +(?:documentation|content) += "(.+)"$', text, re.MULTILINE)
    assert len(documented) == len(re.findall(r'^ +severity += "', text, re.MULTILINE)) >= 8
    for documentation in documented:
        reference = re.search(r"See ([A-Z]+\.md), \*(.+?)\*", documentation)
        assert reference, f"no section is named: {documentation}"
        page, section = reference.groups()
        assert section in sections(page), f"{page} has no section {section}"


def test_links_of_the_documentation_exist() -> None:
    for name, page in PAGES.items():
        for link in re.findall(r"\]\(([^)#:]+)\)", page):
            assert (ROOT / "infra" / link).exists(), f"{name} links to {link}"


def test_deploy_guide_sets_every_variable_without_a_default() -> None:
    text = (CLOUD / "variables.tf").read_text()
    blocks = re.findall(r'^variable "(\w+)" {\n(.*?)^}', text, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 10
    rendered = {"packages", "functions"}
    for name, block in blocks:
        assert "description = " in re.sub(r" +=", " =", block), f"{name} has no description"
        if "default" not in block and name not in rendered:
            assert re.search(rf"^{name} +=", PAGES["DEPLOY.md"], re.MULTILINE), name
