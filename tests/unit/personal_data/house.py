"""A person's belongings on the storage stand-in and a ledger in memory, and power that may fail."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from functions.personal_data.requests import fulfil
from shared.adapters.objects import CloudObjects
from shared.config import Settings
from shared.domain import errands, shifts
from shared.domain.cameras import new_camera
from shared.domain.clips import Wish, recording_path
from shared.domain.data_requests import PERSONAL_DATA, owner_folder
from shared.domain.documents import Committed, Create, Update, Write, job_path
from shared.domain.effects import Clockwork, Reply
from shared.domain.errand import Errand, errand_path
from shared.domain.hooks import Hook, new_delivery, new_hook
from shared.domain.job import JobInput, new_job
from shared.domain.pipeline import RECIPES, Bucket
from shared.domain.sources import read_source
from shared.domain.viewers import new_viewer
from shared.driver import Driver, Neighbours
from shared.ports import Writing
from shared.stage import ErrandTask
from tests.unit.chain.memory import MemoryLedger

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
KEY = "bG9jYWwtb25seS1rZXktb2YtMzItYnl0ZXMtYXQtbWU="


class PowerCut(BaseException):
    """The process has ended."""


@dataclass
class Power:
    """Fails once, at the write numbered `cut_at`: before it (`late` False) or after it."""

    cut_at: int = 0
    late: bool = False
    writes: int = 0

    def before(self) -> None:
        self.writes += 1
        if self.writes == self.cut_at and not self.late:
            raise PowerCut

    def after(self) -> None:
        if self.writes == self.cut_at and self.late:
            raise PowerCut


class PoweredLedger(MemoryLedger):
    """A ledger that stands at the end of a wire."""

    def __init__(self, power: Power) -> None:
        super().__init__()
        self.power = power

    def commit(self, writes: Iterable[Write]) -> Committed:
        self.power.before()
        done = super().commit(writes)
        self.power.after()
        return done

    def purge(self, job_id: str) -> None:
        self.power.before()
        super().purge(job_id)
        self.power.after()


class PoweredObjects:
    """So do the buckets."""

    def __init__(self, objects: CloudObjects, power: Power) -> None:
        self._objects = objects
        self._power = power

    def __getattr__(self, name: str) -> Any:
        return getattr(self._objects, name)

    def remove(self, bucket: Bucket, name: str, generation: int | None = None) -> None:
        self._power.before()
        self._objects.remove(bucket, name, generation)
        self._power.after()

    def create(self, *what: Any, **how: Any) -> AbstractContextManager[Writing]:
        self._power.before()
        return self._objects.create(*what, **how)


@dataclass
class Clock:
    """Goes on when somebody waits."""

    time: datetime = NOW

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@dataclass
class Keeper:
    """Accounts; `looks` is asked at the moment in which one is removed."""

    accounts: set[str]
    shut: list[str] = field(default_factory=list)
    left_at_the_end: list[list[str]] = field(default_factory=list)
    house: House | None = None

    def shut_out(self, uid: str) -> None:
        self.shut.append(uid)

    def remove(self, uid: str) -> None:
        assert self.house is not None
        self.left_at_the_end.append(self.house.left_of(uid))
        self.accounts.discard(uid)

    def is_there(self, uid: str) -> bool:
        return uid in self.accounts


class House:
    """Alice's and Bob's things."""

    def __init__(self, objects: CloudObjects, buckets: dict[Bucket, str]) -> None:
        self.power = Power()
        self.ledger = PoweredLedger(self.power)
        self.objects = objects
        self.clock = Clock()
        self.keeper = Keeper({"alice", "bob"}, house=self)
        self.settings = Settings(
            "p", buckets, "https://moodreel.test", receipt_key=KEY, copies_kept_days=7
        )
        self.world = Neighbours(
            store=cast(Any, self.ledger),
            objects=cast(Any, PoweredObjects(objects, self.power)),
            publisher=self,
            clock=self.clock,
            log=lambda *_, **__: None,
            new_token=lambda: secrets.token_hex(8),
        )
        self.cameras: dict[str, str] = {}
        self.jobs = {name: [self._job(name, n) for n in range(2)] for name in ("alice", "bob")}
        for name in ("alice", "bob"):
            self._beside(name)

    def publish(self, _envelopes: Any) -> None:
        """Messages are of no interest here: the test delivers."""

    def put(self, bucket: Bucket, name: str) -> None:
        """An object as a function would have left it."""
        with self.objects.create(bucket, name, content_type="text/plain", spec="s") as out:
            out.write(b"words")

    def _job(self, owner: str, number: int) -> str:
        job_id = f"{owner}{number}".ljust(20, "x")
        made = new_job(
            job_id=job_id,
            owner=owner,
            email=f"{owner}@moodreel.test",
            recipe=RECIPES["frames"],
            title="A holiday",
            options={},
            inputs=(JobInput("video", f"jobs/{job_id}/video.0", "video/mp4", 1, "a.mp4"),),
            now=NOW - timedelta(days=1),
            expires_at=NOW + timedelta(days=30),
        )
        self.ledger.commit(made)
        if number:
            self.ledger.commit([Update(job_path(job_id), {"status": "running"})])
        self.ledger.commit([Create(f"mails/{job_id}.0.done", {"owner": owner, "job": job_id})])
        self.put(Bucket.UPLOADS, f"jobs/{job_id}/video.0")
        self.put(Bucket.WORK, f"packs/{job_id}/a/00.pack")
        self.put(Bucket.OUTPUTS, f"jobs/{job_id}/a/frames.zip")
        self.put(Bucket.WORK, f"quarantine/uploads/jobs/{job_id}/video.1.7")
        return job_id

    def _beside(self, owner: str) -> None:
        hashed, before = owner_folder(owner), NOW - timedelta(hours=1)
        hook = new_hook(f"h{owner}".ljust(20, "x"), owner, "https://x.test", (), "whsec_", before)
        self.ledger.commit([hook])
        (doc,) = self.ledger.read([hook.path])
        assert doc is not None
        delivery = f"d{owner}".ljust(20, "x")
        self.ledger.commit(
            [
                new_delivery(delivery, Hook.from_doc(doc), "ping", "e", "{}", "", before),
                Create(f"shares/{owner}", {"owner": owner, "created_at": before}),
                Create(f"preferences/{owner}", {"mails": "all"}),
                Create(f"limits/create.{hashed}.1", {"count": 1}),
                Create(f"idempotency/{hashed}", {"owner": owner}),
            ]
        )
        self._camera(owner, before)
        self.put(Bucket.WORK, f"narration/{hashed}/a.wav")
        self.put(Bucket.WORK, f"slides/{hashed}/a.json")
        self.put(Bucket.OUTPUTS, f"exports/{hashed}/e/1-t.zip")

    def _camera(self, owner: str, before: datetime) -> None:
        """One that is recorded and looked at, and a recording that is over."""
        source = read_source(f"rtsp://{owner}:hunter2@cam.test/stream")
        self.ledger.commit(new_camera(owner, "Door", source, before))
        camera_id = source.key(owner)
        self.cameras[owner] = camera_id
        clockwork = Clockwork(lambda: before, self.world.new_token)
        for state in ("recording", "done"):
            name = f"{owner}{state}".ljust(20, "x")[:20]
            wish = Wish("A clip", 0, 60, 1 << 20, NOW + timedelta(days=30))
            Driver(self.world).run(shifts.start(camera_id, name, wish, clockwork))
            clip = {"path": "p"} if state == "done" else None
            self.ledger.commit([Update(recording_path(name), {"state": state, "clip": clip})])
            self.ledger.commit([Create(f"recordings/{name}/segments/s", {"n": 1})])
            self.put(Bucket.WORK, f"recordings/{name}/s.h264")
            self.put(Bucket.OUTPUTS, f"recordings/{name}/clip.mp4")
        self.ledger.commit([new_viewer(f"{owner}seat", camera_id, owner, before)])
        self.put(Bucket.WORK, f"previews/{camera_id}/000000000001")

    def left_of(self, owner: str) -> list[str]:
        """Everything that names the person or their jobs, by looking at all there is."""
        marks = (owner, owner_folder(owner), self.cameras[owner], *self.jobs[owner])
        requests = ("data_requests/", "receipt_keys/")
        found = [
            path
            for path, (data, _) in self.ledger.docs.items()
            if not path.startswith(requests)
            and not (path.count("/") == 1 and path.startswith("jobs/") and data["owner"] == "")
            if any(mark in path for mark in marks) or data.get("owner") == owner
        ]
        for bucket in (Bucket.UPLOADS, Bucket.WORK, Bucket.OUTPUTS):
            names = [one.name for one in self.objects.listed(bucket, "")]
            found += [one for one in names if any(mark in one for mark in marks)]
        return found

    def fulfil(self, number: str) -> dict[str, Any]:
        """Deliver the request's message until it has ended; → its document."""
        for _ in range(200):
            (doc,) = self.ledger.read([errand_path(PERSONAL_DATA, number)])
            assert doc is not None
            if Errand.from_doc(PERSONAL_DATA, doc).ended:
                return dict(doc.data)
            self.deliver(number)
        raise AssertionError("it does not come to an end")

    def deliver(self, number: str, *, on_time: bool = True) -> Reply | None:
        """One delivery, when it is due; → the reply, None after a power cut."""
        (doc,) = self.ledger.read([errand_path(PERSONAL_DATA, number)])
        assert doc is not None
        errand = Errand.from_doc(PERSONAL_DATA, doc)
        if on_time:
            self.clock.time = max(self.clock.time, errand.due_at, errand.lease_until)
            self.clock.sleep(1)
        driver = Driver(
            self.world,
            errand_handler=lambda hold: fulfil(ErrandTask(hold, self.world, self.settings)),
        )
        try:
            return driver.run(errands.do(errand.envelope, self.world.clockwork))
        except PowerCut:
            return None
