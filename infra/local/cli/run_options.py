"""The command line of `run`."""

from __future__ import annotations

import argparse

from shared.pipeline import RECIPES
from shared.recipes.films.deck_options import THEMES

OPTIONS = (
    "every", "start", "end", "max_width", "format", "quality", "consent", "purpose", "smooth",
    "mirror", "annotate", "transcript",
    "shape", "resolution", "loudness", "slides", "language", "tone", "audience", "aspect", "theme",
    "voice", "speed", "pitch", "transition", "subtitles", "motion", "pictures", "stop_at",
    "length", "moments", "footage", "sound", "video",
)  # fmt: skip
"""Names of the arguments that are sent as options of the job."""


def build_run_parser() -> argparse.ArgumentParser:
    """Returns the parser of `run`. It is separate because `run` allows files before, between and
    after options."""
    parser = argparse.ArgumentParser(
        prog="emulator.sh run",
        description="Runs one job and downloads its results. Without a file, a recipe that takes "
        "a video gets a sample clip. Uses the running suite, or starts the services that the "
        "recipe needs.",
    )
    parser.add_argument("recipe", metavar="RECIPE", help=", ".join(RECIPES))
    parser.add_argument("files", nargs="*", metavar="FILE")
    parser.add_argument("--every", metavar="SECONDS", help="time between frames (default: 1)")
    parser.add_argument("--start", metavar="SECONDS", help="start of the range to process")
    parser.add_argument("--end", metavar="SECONDS", help="end of the range to process")
    parser.add_argument("--max-width", metavar="PIXELS", help="scale wider frames down")
    parser.add_argument("--format", metavar="FORMAT", help="frame format: jpeg or png")
    parser.add_argument("--quality", metavar="1-100", help="JPEG quality")
    parser.add_argument(
        "--consent",
        action="store_const",
        const="true",
        help="confirm that the people filmed agreed to have their expressions scored (required by "
        "emotions; without it a recap shows scenes and scores no faces)",
    )
    parser.add_argument("--purpose", metavar="TEXT", help="with --consent: what the scores are for")
    parser.add_argument(
        "--no-smooth",
        dest="smooth",
        action="store_const",
        const="false",
        help="do not smooth emotion scores over time",
    )
    parser.add_argument(
        "--no-mirror",
        dest="mirror",
        action="store_const",
        const="false",
        help="score each face once, without its mirror image (less CPU time, less accurate)",
    )
    parser.add_argument(
        "--prompt", metavar="TEXT", help="topic of the presentation, or what to do with the text"
    )
    parser.add_argument(
        "--text",
        "--source",
        dest="source",
        metavar="FILE",
        help="text that the presentation tells: plain text or Markdown, in UTF-8",
    )
    parser.add_argument("--slides", metavar="3-40", help="number of slides (default: 8)")
    parser.add_argument(
        "--language",
        metavar="TAG",
        help="language, such as pt-BR (default: the prompt's; of captions: auto)",
    )
    parser.add_argument(
        "--video",
        metavar="KIND",
        help="copies of the video with captions: none, soft, burned or both",
    )
    parser.add_argument("--tone", metavar="TEXT", help="tone, in a few words")
    parser.add_argument("--audience", metavar="TEXT", help="intended audience")
    parser.add_argument("--aspect", metavar="W:H", help="slide aspect ratio: 16:9, 9:16 or 1:1")
    parser.add_argument("--theme", metavar="NAME", help=f"slide theme: {', '.join(THEMES)}")
    parser.add_argument("--voice", metavar="NAME", help="Text-to-Speech voice")
    parser.add_argument(
        "--list-voices",
        action="store_true",
        help="list the voices, with --language those of a language; runs no job",
    )
    parser.add_argument(
        "--samples", metavar="DIR", help="with --list-voices: save a sample of each voice in DIR"
    )
    parser.add_argument("--speed", metavar="FACTOR", help="speaking rate, 0.25 to 2")
    parser.add_argument("--pitch", metavar="SEMITONES", help="voice pitch, -20 to 20")
    parser.add_argument("--pictures", metavar="WHOSE", help="slide pictures: all, own or none")
    parser.add_argument(
        "--stop-at", metavar="STAGE", help="deck: stop after the slides, before the film is made"
    )
    parser.add_argument("--transition", metavar="KIND", help="slide transition: cut or fade")
    parser.add_argument(
        "--subtitles", metavar="KIND", help="presentation subtitles: soft or burned"
    )
    parser.add_argument("--motion", metavar="KIND", help="motion over pictures: none or gentle")
    parser.add_argument("--length", metavar="S", help="seconds that a recap aims at, 15 to 180")
    parser.add_argument("--moments", metavar="1-6", help="largest number of moments of a recap")
    parser.add_argument("--footage", metavar="KIND", help="moments of a recap: clips or stills")
    parser.add_argument(
        "--sound", metavar="KIND", help="sound of a recap's clips: both, original or narrated"
    )
    parser.add_argument(
        "--shape", metavar="SHAPE", help="shape of a still film: picture, 16:9, 9:16 or 1:1"
    )
    parser.add_argument("--resolution", metavar="LINES", help="film resolution: 720p or 1080p")
    parser.add_argument(
        "--loudness", metavar="KIND", help="loudness of a still film: keep or even (-16 LUFS)"
    )
    parser.add_argument(
        "--annotate",
        action="store_const",
        const="true",
        help="also make a video with boxes and labels around the faces",
    )
    parser.add_argument(
        "--transcript",
        action="store_const",
        const="true",
        help="also recognize what is said; a recap quotes it",
    )
    parser.add_argument("--title", help="job title used in the email")
    parser.add_argument(
        "--out", default="out", metavar="DIR", help="folder for the results (default: out)"
    )
    parser.add_argument("--json", action="store_true", help="print the finished job as JSON")
    return parser
