"""An illustrator such as MOODREEL_ILLUSTRATOR names: coloured paper with a white border."""

from __future__ import annotations

import hashlib
import io

from PIL import Image, ImageOps

from shared.errors import PermanentError
from shared.ports.models import PictureRequest
from shared.runtime.settings import Settings


class PictureRefused(PermanentError):
    """This is not drawn."""

    code = "will-not-draw"


class PaperIllustrator:
    """Draws a colour derived from the heading. Refuses a heading with the word "secret"."""

    @property
    def engine(self) -> str:
        return "paper-1"

    def draw(self, request: PictureRequest) -> bytes:
        if "secret" in request.heading.lower():
            raise PictureRefused
        red, green, blue = hashlib.sha256(request.heading.encode()).digest()[:3]
        paper = Image.new("RGB", (request.width // 2, request.height), (red, green, blue))
        out = io.BytesIO()
        ImageOps.expand(paper, 12, (255, 255, 255)).save(out, "PNG")
        return out.getvalue()


def paper_illustrator(_settings: Settings) -> PaperIllustrator:
    """The factory that the setting names."""
    return PaperIllustrator()
