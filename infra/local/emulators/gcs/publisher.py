"""Empties the outbox into Pub/Sub: a message leaves the outbox once it was accepted."""

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

_BATCH = 100
_FIRST_WAIT_S = 0.1
_MAX_WAIT_S = 2.0
_KEEP_US = 7 * 24 * 3600 * 1_000_000
"""Google stops trying to deliver a notification after a week."""


async def publish_forever(emulator: Emulator, faults: Faults, pubsub_url: str) -> None:
    """Publish what is in the outbox and what comes into it, until cancelled.

    A crash between Pub/Sub's answer and the deletion publishes again: at least once, never lost.
    Fault rules meet a publish as method `PUBLISH` on the path `/v1/projects/P/topics/T:publish`.
    """
    wait_s = _FIRST_WAIT_S
    async with ClientSession(timeout=ClientTimeout(total=30)) as session:
        while True:
            emulator.outbox_filled.clear()
            try:
                empty = await _publish_some(emulator, faults, session, pubsub_url)
            except Exception as error:  # the task must outlive whatever one round meets
                logger.warning("notifications wait for Pub/Sub: %s", error or type(error).__name__)
                await asyncio.sleep(wait_s)
                wait_s = min(wait_s * 2, _MAX_WAIT_S)
                continue
            wait_s = _FIRST_WAIT_S
            if empty:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(emulator.outbox_filled.wait(), 30)


async def _publish_some(
    stand: Emulator, faults: Faults, session: ClientSession, pubsub_url: str
) -> bool:
    rows = await stand.db.read(_due)
    by_topic: dict[str, list[sqlite3.Row]] = {}
    for row in rows:
        by_topic.setdefault(row["topic"], []).append(row)

    async def deliver(topic: str, mine: list[sqlite3.Row]) -> None:
        times = await _meet_fault(faults, f"/v1/{topic}:publish")
        for _ in range(times):
            await _publish(session, f"{pubsub_url}/v1/{topic}:publish", mine)
        await stand.db.write(partial(_forget, [(row["id"],) for row in mine]))

    # One topic that is missing or slow must not hold up the others.
    results = await asyncio.gather(
        *(deliver(topic, mine) for topic, mine in by_topic.items()), return_exceptions=True
    )
    failed = [result for result in results if isinstance(result, Exception)]
    if failed:
        raise failed[0]
    return len(rows) == 0


async def _meet_fault(faults: Faults, path: str) -> int:
    """How often to deliver what is due: once, unless a fault rule says otherwise."""
    rule = faults.match("PUBLISH", path)
    if rule is None:
        return 1
    await asyncio.sleep(float(rule.action.get("stall_s", 0)))
    if "status" in rule.action or "lose_response" in rule.action:
        raise ClientError(f"fault rule {rule.id} on {path}")
    return int(rule.action.get("repeat", 1))


def _due(tx: sqlite3.Connection) -> list[sqlite3.Row]:
    """The oldest messages of every topic, so that a full dead topic leaves room for the rest."""
    return tx.execute(
        "SELECT id, topic, message FROM (SELECT *, row_number() OVER (PARTITION BY topic"
        " ORDER BY id) AS place FROM outbox WHERE created_us > ?) WHERE place <= ? ORDER BY id",
        (now_us() - _KEEP_US, _BATCH),
    ).fetchall()


def _forget(ids: list[tuple[int]], tx: sqlite3.Connection) -> None:
    tx.executemany("DELETE FROM outbox WHERE id = ?", ids)


async def _publish(session: ClientSession, url: str, rows: list[sqlite3.Row]) -> None:
    body = {"messages": [json.loads(row["message"]) for row in rows]}
    async with session.post(url, json=body) as response:
        if response.status != 200:
            text = (await response.text())[:200]
            raise ClientError(f"{response.status} {text}")
