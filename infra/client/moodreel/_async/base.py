"""The connection of a client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self, TypeVar

import httpx

from moodreel import options
from moodreel.api import Api
from moodreel.credentials import Credentials
from moodreel.flow import Flow
from moodreel.models.base import Page
from moodreel.operations import creation
from moodreel.transport import AsyncTransport

T = TypeVar("T")
P = TypeVar("P", bound=Page)


class BaseClient:
    """A client without its methods."""

    def __init__(
        self,
        base_url: str | None = None,
        *,
        api_key: str | None = None,
        token: str | None = None,
        credentials: Credentials | None = None,
        retry_s: float = options.RETRY_S,
        timeout_s: float = options.TIMEOUT_S,
        allow_http: bool = False,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        url = options.find_url(base_url)
        signs_in = options.find_credentials(api_key, token, credentials)
        self.api = Api(url, signs_in, retry_s, allow_http=allow_http)
        self._recipes = creation.Recipes(self.api)
        self._transport = AsyncTransport(url, timeout_s, transport)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connections."""
        await self._transport.close()

    async def perform(self, flow: Flow[T]) -> T:
        """Returns the result of an operation of `moodreel.operations`."""
        return await self._transport.run(flow)

    async def _pages(self, model: type[P], path: str, query: dict[str, str]) -> AsyncIterator[P]:
        """Yields the pages of a list. A page is read when it is needed."""
        query = dict(query)
        while True:
            page = await self.perform(self.api.get(model, path, **query))
            yield page
            if page.next_cursor is None:
                return
            query["cursor"] = page.next_cursor
