"""The proxy that fails gRPC calls, in front of a server that echoes requests."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest

from tests.chaos.matrix.suite.grpc_proxy import CallFault, GrpcProxy

METHOD = "/google.firestore.v1.Firestore/Commit"


class EchoServer(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Answers with the request, counts the calls, and refuses the request `bad`."""

    def __init__(self) -> None:
        self.call_count = 0
        self.metadata: dict[str, str] = {}

    def service(self, call: grpc.HandlerCallDetails) -> Any:
        self.metadata = dict(call.invocation_metadata)
        return grpc.unary_unary_rpc_method_handler(self.answer)

    def answer(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        self.call_count += 1
        if request == b"bad":
            context.set_trailing_metadata((("reason", "bad"),))
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "Bad request.")
        return request


@pytest.fixture
def echo() -> EchoServer:
    return EchoServer()


@pytest.fixture
def proxy(echo: EchoServer) -> Iterator[GrpcProxy]:
    server = grpc.server(ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((echo,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with GrpcProxy(f"127.0.0.1:{port}") as running:
        yield running
    server.stop(None).wait()


def call(proxy: GrpcProxy, request: bytes) -> Any:
    with grpc.insecure_channel(proxy.address) as channel:
        return channel.unary_unary(METHOD)(
            request, timeout=60, metadata=[("authorization", "Bearer owner")]
        )


def failed_code(proxy: GrpcProxy, request: bytes) -> grpc.StatusCode:
    with pytest.raises(grpc.RpcError) as failed:
        call(proxy, request)
    code: grpc.StatusCode = failed.value.code()
    return code


def test_calls_and_errors_are_forwarded(proxy: GrpcProxy, echo: EchoServer) -> None:
    assert call(proxy, b"jobs/a") == b"jobs/a"
    assert echo.metadata["authorization"] == "Bearer owner"
    with pytest.raises(grpc.RpcError) as failed:
        call(proxy, b"bad")
    assert failed.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert failed.value.details() == "Bad request."
    assert ("reason", "bad") in failed.value.trailing_metadata()


def test_only_calls_about_the_job_fail_and_only_so_often(
    proxy: GrpcProxy, echo: EchoServer
) -> None:
    proxy.add(CallFault("/Commit", (b"job-a", b"stitching"), grpc.StatusCode.ABORTED, 2))
    proxy.add(CallFault("/Publish", (b"job-a",), grpc.StatusCode.UNAVAILABLE, 9))
    assert call(proxy, b"job-b stitching") == b"job-b stitching"
    assert call(proxy, b"job-a notification") == b"job-a notification"
    assert echo.call_count == 2
    assert failed_code(proxy, b"job-a stitching") is grpc.StatusCode.ABORTED
    assert failed_code(proxy, b"job-a stitching") is grpc.StatusCode.ABORTED
    assert echo.call_count == 2
    assert call(proxy, b"job-a stitching") == b"job-a stitching"


def test_call_whose_response_is_lost_is_performed(proxy: GrpcProxy, echo: EchoServer) -> None:
    fault = CallFault(
        "/Commit", (b"job-a",), grpc.StatusCode.UNAVAILABLE, loses_response=True, outage_s=3600
    )
    proxy.add(fault)
    assert failed_code(proxy, b"job-a") is grpc.StatusCode.UNAVAILABLE
    assert echo.call_count == 1
    # During the outage the calls are not performed.
    assert failed_code(proxy, b"job-a") is grpc.StatusCode.UNAVAILABLE
    assert echo.call_count == 1
    assert call(proxy, b"job-b") == b"job-b"
