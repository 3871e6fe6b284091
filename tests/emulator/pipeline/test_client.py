"""The Python client over the running suite: its examples, a sign-in with a password, and the
command."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import av
import pytest

from infra.local.setup.installs import clean_env
from infra.local.suite.handle import WAIT_TIMEOUT_S, SuiteHandle
from infra.local.suite.layout import ROOT
from moodreel import Client, Password
from tests.fakes.cameras.encoded_frames import encode_mjpeg
from tests.fakes.cameras.http_camera import HttpCamera
from tests.fixtures.media.clip_specs import CLIP_SPECS
from tests.fixtures.media.uploads import make_rotated_jpeg, make_sound_file

pytestmark = pytest.mark.suite

CLIENT = ROOT / "infra" / "client"


@pytest.fixture(scope="module")
def api_key(suite: SuiteHandle) -> str:
    """A key that the client created after a sign-in with the password."""
    user = suite.user()
    with Client(suite.url("api"), credentials=Password(user.email, user.password)) as client:
        key = client.create_key("examples", ["jobs:write", "cameras:write"])
        assert [listed.name for listed in client.api_keys()] == ["examples"]
    return key.key


@pytest.fixture
def camera() -> Iterator[HttpCamera]:
    camera = HttpCamera(encode_mjpeg(20, 5), loops=True)
    yield camera
    camera.stop()


def run_python(
    suite: SuiteHandle, key: str, folder: Path, *arguments: str
) -> subprocess.CompletedProcess[str]:
    """Runs Python with the client in a folder. It must succeed."""
    folder.mkdir(exist_ok=True)
    env = {
        "PYTHONPATH": str(CLIENT),
        "MOODREEL_URL": suite.url("api"),
        "MOODREEL_API_KEY": key,
        "XDG_CONFIG_HOME": str(folder),
    }
    completed = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=clean_env(env),
        capture_output=True,
        text=True,
        timeout=WAIT_TIMEOUT_S,
        check=False,
    )
    assert completed.returncode == 0, completed.stderr
    return completed


def duration_s(film: Path) -> float:
    with av.open(str(film)) as container:
        assert container.duration is not None
        return container.duration / av.time_base


def test_examples_run(suite: SuiteHandle, api_key: str, camera: HttpCamera, tmp_path: Path) -> None:
    clip = str(CLIP_SPECS["cfr30"].encode().path)
    picture, sound = tmp_path / "photo.jpg", tmp_path / "song.mp3"
    picture.write_bytes(make_rotated_jpeg(1))
    sound.write_bytes(make_sound_file("mp3", 2))
    arguments = {
        "film_of_picture_and_sound": (str(picture), str(sound)),
        "frames_of_video": (clip,),
        "emotions_of_video": (clip,),
        "clip_of_camera": (camera.url, "2"),
        "film_of_prompt": ("Volcanoes",),
    }

    def run(name: str) -> str:
        script = str(CLIENT / "examples" / f"{name}.py")
        return run_python(suite, api_key, tmp_path / name, script, *arguments[name]).stdout

    with ThreadPoolExecutor() as pool:
        printed = dict(zip(arguments, pool.map(run, arguments), strict=True))

    results = {name: tmp_path / name / "results" for name in arguments}
    film = results["film_of_picture_and_sound"] / "film.mp4"
    assert duration_s(film) == pytest.approx(2, abs=0.2)
    with zipfile.ZipFile(results["frames_of_video"] / "frames.zip") as frames:
        assert printed["frames_of_video"].split() == frames.namelist()
    assert len(printed["emotions_of_video"].splitlines()) >= 2
    (recorded,) = results["clip_of_camera"].iterdir()
    assert recorded.name.startswith("Door-")
    assert duration_s(recorded) > 1
    assert "Volcanoes, by a program" in _read_chapters(results["film_of_prompt"] / "film.mp4")


def test_command_signs_in_with_a_password(suite: SuiteHandle, tmp_path: Path) -> None:
    user = suite.user()
    env = {"PYTHONPATH": str(CLIENT), "XDG_CONFIG_HOME": str(tmp_path), "HOME": str(tmp_path)}

    def moodreel(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "moodreel", "--url", suite.url("api"), *arguments],
            cwd=tmp_path,
            env=clean_env({**env, "PATH": os.environ["PATH"]}),
            input=text,
            capture_output=True,
            text=True,
            timeout=WAIT_TIMEOUT_S,
            check=False,
        )

    wrong = moodreel("login", "--email", user.email, text="wrong\n")
    assert (wrong.returncode, "Traceback" in wrong.stderr) == (3, False)
    right = moodreel("login", "--email", user.email, text=f"{user.password}\n")
    assert right.returncode == 0, right.stderr
    assert user.password not in right.stderr

    created = moodreel("keys", "create", "ci", "--days", "1")
    assert created.stdout.startswith("mr_"), created.stderr
    assert "ci" in moodreel("keys").stdout
    assert moodreel("keys", "delete", "ci").returncode == 0
    assert "ci" not in moodreel("keys").stdout


def _read_chapters(film: Path) -> list[str]:
    with av.open(str(film)) as container:
        return [str(chapter["metadata"]["title"]) for chapter in container.chapters()]
