"""Makes a film of a picture and a sound: `film_of_picture_and_sound.py photo.jpg song.mp3`."""

import sys

from moodreel import Client

with Client() as client:
    job = client.run("still", sys.argv[1:], title="My song")
    job.wait()
    print(*job.download("results"))
