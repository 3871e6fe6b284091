"""Makes a narrated film and changes its first slide: `film_of_prompt.py "Volcanoes"`."""

import sys

from moodreel import Client

with Client() as client:
    job = client.run("presentation", prompt=sys.argv[1], slides=3, stop_at="deck").wait()
    deck = job.get_deck()
    deck["slides"][0]["heading"] = f"{sys.argv[1]}, by a program"
    job.put_deck(deck, release=True).wait()
    print(*job.download("results", ["film", "subtitles"]))
