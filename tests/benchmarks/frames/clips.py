"""The videos of the benchmark of frame extraction."""

from __future__ import annotations

import subprocess
from pathlib import Path

import imageio_ffmpeg  # type: ignore[import-untyped]

_X264 = ["-c:v", "libx264", "-preset", "veryfast", "-bf", "3", "-pix_fmt", "yuv420p"]
_VP9 = ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"]
_DROP_SOME = ["-vf", "select='mod(n,7)*mod(n,11)'", "-fps_mode", "vfr"]
CLIPS: dict[str, tuple[str, list[str]]] = {
    "h264 2 s GOP": ("mp4", [*_X264, "-g", "60", "-keyint_min", "60", "-sc_threshold", "0"]),
    "h264 10 s GOP": ("mp4", [*_X264, "-g", "300", "-keyint_min", "300", "-sc_threshold", "0"]),
    "h264 VFR": ("mp4", [*_X264, "-g", "60", *_DROP_SOME]),
    "webm vp9": ("webm", [*_VP9, "-g", "60", "-b:v", "4M"]),
}


def make_clip(folder: Path, name: str, seconds: int) -> Path:
    """Encode a clip of CLIPS in 1080p, unless it exists."""
    suffix, options = CLIPS[name]
    path = folder / f"{name.replace(' ', '-')}-{seconds}.{suffix}"
    if not path.exists():
        source = f"testsrc2=size=1920x1080:rate=30:duration={seconds},noise=alls=6:allf=t"
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i", source]
        subprocess.run([*command, *options, str(path)], check=True)
    return path


def long_clip(folder: Path, minutes: int) -> Path:
    """A minute of 1080p H.264, repeated by copying its packets."""
    minute, path = folder / "minute.mp4", folder / f"{minutes}-minutes.mp4"
    program = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y"]
    if not minute.exists():
        source = "testsrc2=size=1920x1080:rate=30:duration=60"
        encode = [*_X264, "-crf", "30", "-g", "60", "-keyint_min", "60", "-sc_threshold", "0"]
        subprocess.run([*program, "-f", "lavfi", "-i", source, *encode, str(minute)], check=True)
    if not path.exists():
        loop = ["-stream_loop", str(minutes - 1), "-i", str(minute), "-c", "copy", str(path)]
        subprocess.run([*program, *loop], check=True)
    return path
