"""Performs flows with httpx: synchronously, and asynchronously with asyncio."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

import httpx

from moodreel.errors import ConnectionFailed
from moodreel.flow import Effect, Flow, Send, Sleep

T = TypeVar("T")
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Transport:
    """Performs flows with blocking calls. Threads can share one."""

    def __init__(self, base_url: str, timeout_s: float, transport: httpx.BaseTransport | None):
        self._timeout = httpx.Timeout(timeout_s)
        self._http = httpx.Client(
            timeout=self._timeout, transport=transport, trust_env=_uses_proxies(base_url)
        )

    def run(self, flow: Flow[T]) -> T:
        """Returns the result of a flow. Raises what it raises."""
        steps = _Steps(flow)
        while (effect := steps.effect) is not None:
            try:
                result = self._perform(effect)
            except BaseException as error:
                steps.throw(error)
            else:
                steps.send(result)
        return steps.result

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def _perform(self, effect: Effect) -> Any:
        if isinstance(effect, Sleep):
            return time.sleep(effect.seconds)
        if not isinstance(effect, Send):
            return effect.function()
        response = self._http.send(effect.build(self._timeout), stream=True)
        try:
            if effect.receiver is not None and effect.receiver.start(response):
                for block in response.iter_raw():
                    effect.receiver.write(block)
            else:
                response.read()
        finally:
            response.close()
        return response


class AsyncTransport:
    """Performs flows on the running event loop of asyncio."""

    def __init__(self, base_url: str, timeout_s: float, transport: httpx.AsyncBaseTransport | None):
        self._timeout = httpx.Timeout(timeout_s)
        self._http = httpx.AsyncClient(
            timeout=self._timeout, transport=transport, trust_env=_uses_proxies(base_url)
        )

    async def run(self, flow: Flow[T]) -> T:
        """Returns the result of a flow. Raises what it raises."""
        steps = _Steps(flow)
        while (effect := steps.effect) is not None:
            try:
                result = await self._perform(effect)
            except BaseException as error:
                steps.throw(error)
            else:
                steps.send(result)
        return steps.result

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def _perform(self, effect: Effect) -> Any:
        if isinstance(effect, Sleep):
            return await asyncio.sleep(effect.seconds)
        if not isinstance(effect, Send):
            return await asyncio.to_thread(effect.function)
        response = await self._http.send(effect.build(self._timeout), stream=True)
        try:
            if effect.receiver is not None and effect.receiver.start(response):
                async for block in response.aiter_raw():
                    effect.receiver.write(block)
            else:
                await response.aread()
        finally:
            await response.aclose()
        return response


class _Steps(Generic[T]):
    """A flow between two effects: the effect to perform next, or the result."""

    result: T

    def __init__(self, flow: Flow[T]) -> None:
        self._flow = flow
        self.effect: Effect | None = None
        self.send(None)

    def send(self, result: Any) -> None:
        self._continue(lambda: self._flow.send(result))

    def throw(self, error: BaseException) -> None:
        self._continue(lambda: self._flow.throw(error))

    def _continue(self, resume: Callable[[], Effect]) -> None:
        try:
            self.effect = resume()
        except StopIteration as end:
            self.effect, self.result = None, end.value
        except httpx.TransportError as error:
            raise ConnectionFailed(f"The server does not respond: {error}") from error


def _uses_proxies(base_url: str) -> bool:
    """Whether the proxies of the environment are used: not for a service on this machine."""
    return urlsplit(base_url).hostname not in LOOPBACK
