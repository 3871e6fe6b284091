"""Cuts a video into pictures: `frames_of_video.py clip.mp4`."""

import sys
import zipfile

from moodreel import Client

with Client() as client:
    job = client.run("frames", sys.argv[1], every="1/2", format="png").wait()
    (path,) = job.download("results", ["frames.zip"])
    with zipfile.ZipFile(path) as frames:
        frames.extractall("results/frames")
        print(*frames.namelist())
