"""Scores the expressions of faces over time: `emotions_of_video.py clip.mp4`."""

import csv
import sys

from moodreel import Client

with Client() as client:
    job = client.run("emotions", sys.argv[1], every=1, consent=True, purpose="research")
    (path,) = job.wait().download("results", ["emotions.csv"])
    with path.open(newline="") as table:
        for row in csv.DictReader(table):
            print(*row.values())
