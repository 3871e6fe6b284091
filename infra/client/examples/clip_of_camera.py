"""Records a camera for some seconds: `clip_of_camera.py rtsp://camera.example/live 10`."""

import sys

from moodreel import Client

with Client() as client:
    recording = client.record(sys.argv[1], title="Door", max_duration_s=int(sys.argv[2]))
    recording = client.wait_for_clip(recording)
    print(client.download_clip(recording, "results"))
