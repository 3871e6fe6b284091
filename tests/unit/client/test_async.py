"""The asynchronous client: the same operations as the synchronous one."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import moodreel
from moodreel import JobFailed
from tests.fixtures.client_service import ClientService, lose_response


def test_job_is_run_and_downloaded(service: ClientService, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"clip" * 1000)
    service.network.faults = [lose_response]

    async def run() -> list[Path]:
        async with service.async_client() as client:
            job = await client.run("frames", clip, title="Holiday")
            assert service.read_upload(job.id, "video.0") == clip.read_bytes()
            service.finish_job(job.id, {"frames.zip": b"zip"})
            await job.wait()
            assert [row.title async for row in client.jobs(q="holi")] == ["Holiday"]
            assert (await client.usage()).jobs.open == 1
            return await job.download(tmp_path / "out")

    (path,) = asyncio.run(run())

    assert path.read_bytes() == b"zip"


def test_many_jobs_run_at_the_same_time(service: ClientService, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"clip")

    async def run() -> list[str]:
        async with service.async_client() as client:
            jobs = await asyncio.gather(*(client.run("frames", clip) for _ in range(4)))
            for job in jobs:
                service.change_job(job.id, status="cancelled")
            ended = await asyncio.gather(*(job.wait(check=False) for job in jobs))
            with pytest.raises(JobFailed):
                ended[0].raise_for_status()
            return [job.status for job in ended]

    assert asyncio.run(run()) == ["cancelled"] * 4


def test_wait_can_be_cancelled(service: ClientService, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"clip")

    async def run() -> None:
        async with service.async_client() as client:
            job = await client.run("frames", clip)
            waiting = asyncio.create_task(job.wait())
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting

    asyncio.run(run())


def test_all_public_names_exist() -> None:
    assert all(hasattr(moodreel, name) for name in moodreel.__all__)
