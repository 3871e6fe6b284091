"""Share links."""

from __future__ import annotations

from collections.abc import AsyncIterator

from moodreel import options
from moodreel._async.base import BaseClient
from moodreel.api import path_of
from moodreel.models import SharePage, ShareView


class ShareMethods(BaseClient):
    """Methods of share links, which `Job.share` creates."""

    async def shares(self) -> AsyncIterator[ShareView]:
        """Yields the share links, newest first, with their use but without their URLs."""
        async for page in self._pages(SharePage, "/v1/shares", options.page_query()):
            for share in page.shares:
                yield share

    async def revoke_share(self, share_id: str) -> None:
        """Revokes a share link."""
        await self.perform(self.api.call("DELETE", path_of("shares", share_id)))
