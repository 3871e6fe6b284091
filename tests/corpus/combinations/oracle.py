"""What a plain decoder notices in a damaged file."""

from __future__ import annotations

import io

import av


def find_errors(data: bytes) -> list[str]:
    """The errors of demuxing and decoding the whole file, and the pictures marked as corrupt."""
    errors: list[str] = []
    try:
        with av.open(io.BytesIO(data)) as container:
            stream = container.streams.video[0]
            for packet in container.demux(stream):
                if packet.is_corrupt:
                    errors.append("corrupt packet")
                try:
                    frames = packet.decode()
                except av.error.EOFError:
                    continue
                except av.error.FFmpegError as error:
                    errors.append(f"packet: {error}")
                    continue
                errors += ["corrupt picture" for frame in frames if frame.is_corrupt]
    except (av.error.FFmpegError, IndexError) as error:
        errors.append(f"file: {error}")
    return errors
