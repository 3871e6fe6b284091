"""`python -m infra.local.emulators.gcs --port P --data DIR --project PROJECT --signer-key
FILE.json`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ipaddress
import logging
import signal
import sys
from pathlib import Path

from aiohttp import web

from infra.local.emulators.gcs.app import build_app
from infra.local.emulators.gcs.certificate import load_server_context
from infra.local.emulators.gcs.server import Emulator
from infra.local.emulators.gcs.xml_api.signer import load_signer

_MAX_LINE_BYTES = 32 * 1024
"""Enough for a signed URL with a percent-encoded name of 1,024 bytes."""


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m infra.local.emulators.gcs", description=__doc__
    )
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
    parser.add_argument("--data", type=Path, required=True, help="folder for data and metadata")
    parser.add_argument("--project", required=True)
    parser.add_argument("--pubsub", help="URL of the Pub/Sub emulator, for notifications")
    parser.add_argument("--tls-port", type=int, help="TLS port; see DATA/tls.pem")
    parser.add_argument("--signer-key", type=Path, required=True, help="created when missing")
    return parser.parse_args()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def _serve(arguments: argparse.Namespace) -> None:
    emulator = Emulator(
        data_folder=arguments.data,
        project=arguments.project,
        signer=load_signer(arguments.signer_key, arguments.project),
        base_url=f"http://{arguments.host}:{arguments.port}",
        has_pubsub=arguments.pubsub is not None,
    )
    pubsub_url = arguments.pubsub.rstrip("/") if arguments.pubsub else None
    runner = web.AppRunner(
        build_app(emulator, pubsub_url),
        access_log=None,
        # A gzip body is stored without decompression.
        auto_decompress=False,
        max_line_size=_MAX_LINE_BYTES,
        max_field_size=_MAX_LINE_BYTES,
        shutdown_timeout=2.0,
    )
    await runner.setup()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        await web.TCPSite(runner, arguments.host, arguments.port, backlog=512).start()
        if arguments.tls_port:
            context = load_server_context(arguments.data)
            await web.TCPSite(
                runner, arguments.host, arguments.tls_port, ssl_context=context
            ).start()
        logging.getLogger(__name__).info("ready on %s", emulator.base_url)
        await stop.wait()
    finally:
        await runner.cleanup()


def main() -> int:
    """Runs the server until it is stopped. Returns 2 and prints the reason when it cannot start."""
    arguments = _parse_arguments()
    logging.basicConfig(level=logging.INFO, format="gcs %(levelname)s %(message)s")
    if not _is_loopback(arguments.host):
        print(f"gcs: {arguments.host} is not a loopback address", file=sys.stderr)
        return 2
    try:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_serve(arguments))
    except BlockingIOError:
        print(f"gcs: {arguments.data} is in use by another server", file=sys.stderr)
        return 2
    except (OSError, ValueError, KeyError) as error:
        print(f"gcs: cannot start: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
