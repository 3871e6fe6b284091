# Rendered from _async by infra/tools/render.py; do not edit.
"""Share links."""

from __future__ import annotations

from collections.abc import Iterator

from moodreel import options
from moodreel._sync.base import BaseClient
from moodreel.api import path_of
from moodreel.models import SharePage, ShareView


class ShareMethods(BaseClient):
    """Methods of share links, which `Job.share` creates."""

    def shares(self) -> Iterator[ShareView]:
        """Yields the share links, newest first, with their use but without their URLs."""
        for page in self._pages(SharePage, "/v1/shares", options.page_query()):
            yield from page.shares

    def revoke_share(self, share_id: str) -> None:
        """Revokes a share link."""
        self.perform(self.api.call("DELETE", path_of("shares", share_id)))
