"""The recorder in this process: cameras of tests, a ledger in memory, the storage stand-in."""

from __future__ import annotations

import itertools
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from functions.recorder.errands import attend
from infra.local.tenant import PATIENCE_S
from shared.adapters.objects import CloudObjects
from shared.config import Settings
from shared.domain import shifts
from shared.domain.cameras import camera_path, new_camera
from shared.domain.clips import Recording, RecordingState, Wish, recording_path
from shared.domain.documents import Committed, Doc, Write
from shared.domain.effects import Reply
from shared.domain.errands import do
from shared.domain.message import Envelope
from shared.domain.pipeline import Bucket
from shared.domain.sources import read_source
from shared.driver import Driver, Neighbours, SystemClock
from shared.stage import ErrandTask
from tests.cameras import Camera
from tests.unit.chain.memory import MemoryLedger

ENDED = (RecordingState.DONE, RecordingState.FAILED)


class LockedLedger(MemoryLedger):
    """A ledger for several threads."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.RLock()

    def read(self, paths: Iterable[str]) -> tuple[Doc | None, ...]:
        with self._lock:
            return super().read(paths)

    def commit(self, writes: Iterable[Write]) -> Committed:
        with self._lock:
            return super().commit(writes)

    def list_under(self, collection: str) -> tuple[Doc, ...]:
        with self._lock:
            return super().list_under(collection)


class Studio:
    """One person with cameras. Messages are delivered at once, each in a thread of its own, and
    again after a moment when they are refused."""

    def __init__(self, objects: CloudObjects, buckets: dict[Bucket, str]) -> None:
        self.ledger = LockedLedger()
        self.objects = objects
        self.logged: list[tuple[str, dict[str, Any]]] = []
        self.settings = Settings(
            "p", buckets, "http://localhost", local=True, camera_networks=("127.0.0.0/8",),
            source_stall_s=10, source_patience_s=60,
        )  # fmt: skip
        self.world = Neighbours(
            store=cast(Any, self.ledger),
            objects=objects,
            publisher=self,
            clock=SystemClock(),
            log=self._log,
            new_token=lambda: secrets.token_hex(8),
        )
        self._numbers = itertools.count()
        self._threads: list[threading.Thread] = []
        self.closing = False

    def _log(self, event: str, /, *, severity: str = "INFO", **details: Any) -> None:
        self.logged.append((event, {"severity": severity, **details}))

    def set(self, **settings: Any) -> None:
        """Other settings from now on."""
        self.settings = replace(self.settings, **settings)

    def publish(self, envelopes: Iterable[Envelope]) -> None:
        for one in envelopes:
            thread = threading.Thread(target=self._deliver, args=(one,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _deliver(self, envelope: Envelope) -> None:
        while True:
            driver = Driver(
                self.world,
                errand_handler=lambda hold: attend(ErrandTask(hold, self.world, self.settings)),
            )
            with suppress(StopIteration):
                if driver.run(do(envelope, self.world.clockwork)) is Reply.ACK or self.closing:
                    return
            time.sleep(0.5)

    def close(self) -> None:
        """Nobody wants anything any more."""
        self.closing = True
        for doc in self.ledger.list_under("cameras"):
            self.ledger.docs.pop(doc.path, None)
        for one in self._threads:
            one.join(timeout=120)

    # --- what people do

    def camera(self, camera: Camera | str, password: str = "", owner: str = "alice") -> str:
        """Take a camera in; its id."""
        url = camera if isinstance(camera, str) else camera.url
        if password:
            url = url.replace("://", f"://guest:{password}@")
        source = read_source(url, private_too=True)
        self.ledger.commit(new_camera(owner, "Door", source, self.world.clock.now()))
        return source.key(owner)

    def record(self, camera: str, **wish: Any) -> str:
        """Start a recording; its id."""
        number = secrets.token_hex(10)
        expires = datetime.now(UTC) + timedelta(days=1)
        asked = Wish(**{
            "title": "t", "pre_roll_s": 0, "max_duration_s": 600, "max_bytes": 1 << 30,
            "expires_at": expires, **wish,
        })  # fmt: skip
        Driver(self.world).run(shifts.start(camera, number, asked, self.world.clockwork))
        return number

    def watch(self, camera: str) -> None:
        """Look at a camera's preview for half a minute."""
        Driver(self.world).run(shifts.watch(camera, self.world.clockwork))

    def look_for(self, camera: str, seconds: float) -> None:
        """Look at a camera's preview for so long."""
        Driver(self.world).run(shifts.watch(camera, self.world.clockwork, for_s=seconds))

    def stop(self, recording: str) -> None:
        """End a recording."""
        Driver(self.world).run(shifts.stop(recording, self.world.clockwork))

    # --- what is to be seen

    def recording(self, number: str) -> Recording:
        """A recording as it is now."""
        (doc,) = self.ledger.read([recording_path(number)])
        assert doc is not None
        return Recording.from_doc(doc)

    def seen(self, camera: str) -> dict[str, Any]:
        """A camera's document."""
        (doc,) = self.ledger.read([camera_path(camera)])
        assert doc is not None
        return dict(doc.data)

    def until(self, found: Callable[[], Any]) -> Any:
        """Wait until there is something; what it is."""
        limit = time.monotonic() + PATIENCE_S
        while time.monotonic() < limit:
            if result := found():
                return result
            time.sleep(0.05)
        raise AssertionError(f"not within {PATIENCE_S:.0f} s; {self.logged[-8:]}")

    def rolling(self, number: str) -> Recording:
        """The recording once it has pictures."""
        started = (RecordingState.RECORDING, *ENDED)
        return cast(
            Recording,
            self.until(lambda: (one := self.recording(number)).state in started and one),
        )

    def ended(self, number: str) -> Recording:
        """The recording once it has ended."""
        return cast(
            Recording,
            self.until(lambda: (one := self.recording(number)).state in ENDED and one),
        )

    def clip(self, recording: Recording) -> bytes:
        """The bytes of its clip."""
        assert recording.clip is not None, recording.error
        told = recording.clip
        read = self.objects.read_at(Bucket.OUTPUTS, told["path"], told["generation"])
        return read(0, told["size_bytes"])
