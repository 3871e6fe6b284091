"""Work that goes wrong on purpose, each in its own way, in a process of its own."""

from __future__ import annotations

import ctypes
import os
import socket
import time
from pathlib import Path

import av

from shared.errors import StorageUnavailable
from shared.media.errors import VideoTooLong
from shared.media.inside import Inside
from shared.media.opening import choose_video, open_container


def echo(inside: Inside, suffix: bytes) -> bytes:
    """What a well-behaved work does: reads, writes, tells, returns."""
    data = inside.file.read()
    inside.write(data)
    inside.tell(len(data))
    return data + suffix


def decode(inside: Inside) -> bytes:
    """How many pictures there are."""
    with open_container(inside.file) as container:
        return str(sum(1 for _ in container.decode(choose_video(container)))).encode()


def segfault(_inside: Inside) -> bytes:
    """Read address 0, as a broken decoder would."""
    ctypes.string_at(0)
    return b""


def abort(inside: Inside) -> bytes:
    inside.write(b"half a pack")
    os.abort()


def leave(_inside: Inside) -> bytes:
    os._exit(0)


def spin(_inside: Inside) -> bytes:
    while True:
        pass


def sleep(inside: Inside) -> bytes:
    inside.tell(os.getpid())
    time.sleep(600)
    return b""


def swell(_inside: Inside) -> bytes:
    return b"".join(bytes(1 << 20) for _ in range(4096))


def swell_in_c(_inside: Inside) -> bytes:
    frames = [av.VideoFrame(4096, 4096, "rgba") for _ in range(64)]
    return str(len(frames)).encode()


def refuse(_inside: Inside) -> bytes:
    raise VideoTooLong("Ten hours of it.")


def stumble(_inside: Inside) -> bytes:
    raise StorageUnavailable


def chatter(inside: Inside) -> bytes:
    while True:
        inside.write(bytes(1 << 10))


def read_beyond(inside: Inside) -> bytes:
    return inside.read(inside.size_bytes - 1, 2)


def reach_out(_inside: Inside, port: int, path: str) -> bytes:
    """→ what was possible: a file, a connection, a file written."""
    done = []
    for attempt in (
        lambda: Path(path).read_bytes(),
        lambda: socket.create_connection(("127.0.0.1", port)),
        lambda: Path(path).write_bytes(b"x"),
        lambda: os.pipe(),
        lambda: av.open(f"http://127.0.0.1:{port}/"),
    ):
        try:
            attempt()
            done.append("possible")
        except OSError:
            done.append("impossible")
    return " ".join(done).encode()
