"""Publishes the messages of the outbox to Pub/Sub. Accepted messages are deleted."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import sqlite3
from functools import partial

from aiohttp import ClientError, ClientSession, ClientTimeout

from infra.local.emulators.gcs.server import Emulator
from infra.local.emulators.gcs.storage.resources import now_us
from infra.local.faults.inject import Faults

logger = logging.getLogger(__name__)

_BATCH_SIZE = 100
_FIRST_WAIT_S = 0.1
_MAX_WAIT_S = 2.0
_MAX_AGE_US = 7 * 24 * 3600 * 1_000_000
"""Google drops a notification after a week."""


async def publish_forever(emulator: Emulator, faults: Faults, pubsub_url: str) -> None:
    """Publishes the messages of the outbox until cancelled.

    A crash between the response of Pub/Sub and the deletion publishes a message again: delivery is
    at least once. For fault rules, a publish has the method `PUBLISH` and the path
    `/v1/projects/P/topics/T:publish`.
    """
    wait_s = _FIRST_WAIT_S
    async with ClientSession(timeout=ClientTimeout(total=30)) as session:
        while True:
            emulator.outbox_filled.clear()
            try:
                is_empty = await _publish_batch(emulator, faults, session, pubsub_url)
            except Exception as error:  # the task must survive any error
                logger.warning("could not publish to Pub/Sub: %s", error or type(error).__name__)
                await asyncio.sleep(wait_s)
                wait_s = min(wait_s * 2, _MAX_WAIT_S)
                continue
            wait_s = _FIRST_WAIT_S
            if is_empty:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(emulator.outbox_filled.wait(), 30)


async def _publish_batch(
    emulator: Emulator, faults: Faults, session: ClientSession, pubsub_url: str
) -> bool:
    rows = await emulator.db.read(_select_due)
    by_topic: dict[str, list[sqlite3.Row]] = {}
    for row in rows:
        by_topic.setdefault(row["topic"], []).append(row)

    async def deliver(topic: str, topic_rows: list[sqlite3.Row]) -> None:
        times = await _apply_fault(faults, f"/v1/{topic}:publish")
        for _ in range(times):
            await _publish(session, f"{pubsub_url}/v1/{topic}:publish", topic_rows)
        await emulator.db.write(partial(_delete_rows, [(row["id"],) for row in topic_rows]))

    # A missing or slow topic must not delay the others.
    results = await asyncio.gather(
        *(deliver(topic, topic_rows) for topic, topic_rows in by_topic.items()),
        return_exceptions=True,
    )
    failed = [result for result in results if isinstance(result, Exception)]
    if failed:
        raise failed[0]
    return len(rows) == 0


async def _apply_fault(faults: Faults, path: str) -> int:
    """Applies a fault rule to a publish. Returns how often to deliver the messages.

    Raises ClientError when the rule makes the publish fail.
    """
    rule = faults.match("PUBLISH", path)
    if rule is None:
        return 1
    await asyncio.sleep(float(rule.action.get("stall_s", 0)))
    if "status" in rule.action or "lose_response" in rule.action:
        raise ClientError(f"fault rule {rule.id} on {path}")
    return int(rule.action.get("repeat", 1))


def _select_due(tx: sqlite3.Connection) -> list[sqlite3.Row]:
    """Returns the oldest messages of every topic, so that a failing topic does not block others."""
    return tx.execute(
        "SELECT id, topic, message FROM (SELECT *, row_number() OVER (PARTITION BY topic"
        " ORDER BY id) AS place FROM outbox WHERE created_us > ?) WHERE place <= ? ORDER BY id",
        (now_us() - _MAX_AGE_US, _BATCH_SIZE),
    ).fetchall()


def _delete_rows(ids: list[tuple[int]], tx: sqlite3.Connection) -> None:
    tx.executemany("DELETE FROM outbox WHERE id = ?", ids)


async def _publish(session: ClientSession, url: str, rows: list[sqlite3.Row]) -> None:
    body = {"messages": [json.loads(row["message"]) for row in rows]}
    async with session.post(url, json=body) as response:
        if response.status != 200:
            text = (await response.text())[:200]
            raise ClientError(f"{response.status} {text}")
