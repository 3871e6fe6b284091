"""What wakes an operator is said by the code, and what he is told to read is there."""

from __future__ import annotations

import re

from infra.local.suite.layout import ROOT

CLOUD = ROOT / "infra" / "terraform"
PAGES = {path.name: path.read_text() for path in (ROOT / "infra").glob("*.md")}


def chapters(page: str) -> set[str]:
    return set(re.findall(r"^## (.+)$", PAGES[page], re.MULTILINE))


def test_every_event_that_is_counted_is_said_somewhere() -> None:
    counted = set(re.findall(r'message=\\"([a-z_.]+)\\"', (CLOUD / "metrics.tf").read_text()))
    assert len(counted) >= 5
    code = "\n".join(
        path.read_text() for room in ("shared", "functions") for path in (ROOT / room).rglob("*.py")
    )
    assert not {event for event in counted if f'"{event}"' not in code}


def test_every_alert_leads_to_a_chapter_that_is_there() -> None:
    told = re.findall(r"See ([A-Z]+\.md), \*(.+?)\*", (CLOUD / "alerts.tf").read_text())
    assert len(told) >= 4
    for page, chapter in told:
        assert chapter in chapters(page), f"{page} has no chapter {chapter}"


def test_every_page_leads_only_to_files_that_are_there() -> None:
    for name, page in PAGES.items():
        for link in re.findall(r"\]\(([^)#:]+)\)", page):
            assert (ROOT / "infra" / link).exists(), f"{name} leads to {link}"


def test_every_variable_without_a_default_is_in_the_settings_to_copy() -> None:
    text = (CLOUD / "variables.tf").read_text()
    blocks = re.findall(r'^variable "(\w+)" {\n(.*?)^}', text, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 10
    rendered = {"packages", "functions"}
    for name, block in blocks:
        assert "description = " in re.sub(r" +=", " =", block), f"{name} is not described"
        if "default" not in block and name not in rendered:
            assert re.search(rf"^{name} +=", PAGES["DEPLOY.md"], re.MULTILINE), name
