"""An operator's own illustrator, as MOODREEL_ILLUSTRATOR names one: coloured paper with a frame."""

from __future__ import annotations

import hashlib
import io

from PIL import Image, ImageOps

from shared.errors import PermanentError
from shared.ports.models import PictureWish
from shared.runtime.settings import Settings


class WillNotDraw(PermanentError):
    """This is not drawn."""

    code = "will-not-draw"


class Paper:
    """Every heading has a colour of its own; of secrets there is no picture."""

    @property
    def engine(self) -> str:
        return "paper-1"

    def draw(self, wish: PictureWish) -> bytes:
        if "secret" in wish.heading.lower():
            raise WillNotDraw
        red, green, blue = hashlib.sha256(wish.heading.encode()).digest()[:3]
        paper = Image.new("RGB", (wish.width // 2, wish.height), (red, green, blue))
        out = io.BytesIO()
        ImageOps.expand(paper, 12, (255, 255, 255)).save(out, "PNG")
        return out.getvalue()


def paper(_settings: Settings) -> Paper:
    """The factory."""
    return Paper()
