"""A proxy in front of a gRPC emulator that fails calls about one stage of one job."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import grpc

from infra.local.suite.layout import HOST

MAX_CALLS = 64
"""Concurrent calls. More wait."""


@dataclass(frozen=True)
class Failure:
    """How a call fails: its status, and whether it is performed before."""

    code: grpc.StatusCode
    is_performed: bool = False


@dataclass
class CallFault:
    """Fails calls whose method ends with `method` and whose request contains all of `texts`.

    Attributes:
        method: The end of the method's name; "" for every method.
        texts: Parts of the serialized request, such as the id of a job.
        code: The status of the failed calls.
        count: How many calls fail.
        loses_response: Whether the first call is performed and only its response is lost.
        outage_s: How long every matching call fails after the first one, without regard to `count`.
    """

    method: str
    texts: tuple[bytes, ...]
    code: grpc.StatusCode
    count: int = 1
    loses_response: bool = False
    outage_s: float = 0
    fired_count: int = 0
    fails_until: float = 0

    def failure(self, method: str, request: bytes) -> Failure | None:
        """Returns how this call fails, or None. It is counted."""
        if not all(text in request for text in self.texts):
            return None
        if time.monotonic() < self.fails_until:
            return Failure(self.code)
        if not method.endswith(self.method) or self.fired_count >= self.count:
            return None
        self.fired_count += 1
        self.fails_until = time.monotonic() + self.outage_s
        return Failure(self.code, self.loses_response and self.fired_count == 1)


class GrpcProxy(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Forwards calls to `target` (host:port) without decoding them. Runs while it is entered."""

    def __init__(self, target: str) -> None:
        self._channel = grpc.insecure_channel(target)
        self._server = grpc.server(ThreadPoolExecutor(MAX_CALLS))
        self._server.add_generic_rpc_handlers((self,))
        self.address = f"{HOST}:{self._server.add_insecure_port(f'{HOST}:0')}"
        self._faults: list[CallFault] = []
        self._lock = threading.Lock()

    def __enter__(self) -> GrpcProxy:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(None).wait()
        self._channel.close()

    def add(self, fault: CallFault) -> None:
        """Adds a fault."""
        with self._lock:
            self._faults.append(fault)

    def service(self, call: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        """Returns the handler of a call. Every call is a stream of requests and responses."""
        metadata = [row for row in call.invocation_metadata if row[0] != "user-agent"]
        return grpc.stream_stream_rpc_method_handler(
            lambda requests, context: self._forward(call.method, metadata, requests, context)
        )

    def _forward(
        self,
        method: str,
        metadata: Sequence[Any],
        requests: Iterator[bytes],
        context: grpc.ServicerContext,
    ) -> Iterator[bytes]:
        first = next(requests, None)
        failure = None if first is None else self._find(method, first)
        if failure is not None and not failure.is_performed:
            context.abort(failure.code, "Injected fault.")
        sent = requests if first is None else itertools.chain([first], requests)
        call = self._channel.stream_stream(method)(
            sent, timeout=context.time_remaining(), metadata=metadata
        )
        try:
            for response in call:
                if failure is not None:
                    context.abort(failure.code, "The response is lost.")
                yield response
        except grpc.RpcError:
            context.set_trailing_metadata(call.trailing_metadata() or ())
            context.abort(call.code(), call.details() or "")

    def _find(self, method: str, request: bytes) -> Failure | None:
        with self._lock:
            failures = (fault.failure(method, request) for fault in self._faults)
            return next((failure for failure in failures if failure is not None), None)
