"""Whether people who hear a page, or use it by keys alone, can use it: axe-core's verdict."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from playwright.sync_api import Page

from infra.local.tools import console_pages

_RUN = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations
  .filter((one) => one.impact === "serious" || one.impact === "critical")
  .map((one) => ({id: one.id, impact: one.impact, help: one.help,
    where: one.nodes.slice(0, 5).map((node) => node.target.join(" "))}))"""


@lru_cache(1)
def _source() -> str:
    """axe-core as the console's own packages lock it."""
    pages = console_pages(lambda _: None)
    return (pages.parent / "node_modules" / "axe-core" / "axe.min.js").read_text()


def violations(page: Page) -> list[dict[str, Any]]:
    """What is serious or critical on the page as it is now."""
    page.evaluate(_source())
    found: list[dict[str, Any]] = page.evaluate(_RUN)
    return found
