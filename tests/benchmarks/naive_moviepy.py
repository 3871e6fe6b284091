"""The naive film: image clips and audio clips, concatenated by moviepy.

Run as `naive_moviepy.py FOLDER OUT` in an environment with moviepy, so it imports nothing of the
project.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from moviepy import (  # type: ignore[import-not-found]
    AudioFileClip,
    CompositeAudioClip,
    ImageClip,
    concatenate_videoclips,
)


def main(folder: Path, out: Path) -> None:
    clips = []
    for row in json.loads((folder / "plan.json").read_text()):
        speech = AudioFileClip(str(folder / row["speech"])).with_start(row["lead_s"])
        slide = ImageClip(str(folder / row["slide"])).with_duration(row["seconds"])
        clips.append(slide.with_audio(CompositeAudioClip([speech]).with_duration(row["seconds"])))
    concatenate_videoclips(clips).write_videofile(
        str(out), fps=30, codec="libx264", audio_codec="aac", preset="veryfast", logger=None
    )


if __name__ == "__main__":
    before = time.process_time()
    main(Path(sys.argv[1]), Path(sys.argv[2]))
    cpu_s = time.process_time() - before
    ffmpeg = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s += ffmpeg.ru_utime + ffmpeg.ru_stime
    peak_kb = max(ffmpeg.ru_maxrss, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    print(json.dumps({"cpu_s": cpu_s, "peak_mb": peak_kb / 1024}))
