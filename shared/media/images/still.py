"""Read untrusted still pictures: four formats, bounded pixels, upright, without transparency.

HEIC is read by pi-heif (BSD-3-Clause), whose wheel brings libheif and libde265 (LGPL-3.0, linked at
run time) and no encoder.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

from shared.errors import PermanentError
from shared.media.errors import EmptyFile

FORMATS = ("JPEG", "PNG", "WEBP")
_HEIF = "HEIF"
MAX_PIXELS = 64_000_000
"""As RGB this takes 192 MB."""
MAX_SIDE_PX = 30_000
_HEIC = tuple(b"ftyp" + brand for brand in (b"heic", b"heix", b"heim", b"heis", b"mif1"))
_PAPER = (255, 255, 255)
_TURNED = (5, 6, 7, 8)
_ORIENTATION = 0x0112

Image.MAX_IMAGE_PIXELS = MAX_PIXELS
_DAMAGED = (OSError, SyntaxError, ValueError, IndexError, EOFError, RuntimeError)
"""What Pillow and its plug-ins raise; libheif's own limits come as a RuntimeError."""


class NotAPicture(PermanentError):
    """This is not a picture that we can read; JPEG, PNG, WebP and HEIC do."""

    code = "not-a-picture"


class PictureTooLarge(PermanentError):
    """The picture has too many pixels."""

    code = "picture-too-large"


class PictureDamaged(PermanentError):
    """The picture is cut off or damaged; upload it again."""

    code = "picture-damaged"


@dataclass(frozen=True, slots=True)
class PictureHeader:
    """What a picture is. `width` and `height` in pixels as a person sees it, upright."""

    format: str
    width: int
    height: int


def read_picture_header(data: bytes) -> PictureHeader:
    """Read the header alone. Raises a PermanentError that names the cause."""
    with _opened(data) as image:
        return _facts(image)


def read_picture(data: bytes, max_side_px: int | None = None) -> Image.Image:
    """The first picture of the file: RGB, upright, transparency on white.

    `most_side_px`: a JPEG much larger than that is decoded at a fraction of its size, but never
    smaller than that. Raises a PermanentError that names the cause.
    """
    with _opened(data) as image:
        if max_side_px is not None:
            image.draft("RGB", (max_side_px, max_side_px))
        try:
            image.load()
            return _opaque(_upright(image))
        except _DAMAGED as error:
            raise PictureDamaged from error


@contextmanager
def _opened(data: bytes) -> Iterator[Image.Image]:
    if not data:
        raise EmptyFile
    with warnings.catch_warnings():
        # Pillow warns of what MOST_PIXELS is exceeded by, and raises only at twice that.
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            image = Image.open(io.BytesIO(data), formats=_formats(data))
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
            raise PictureTooLarge(_too_large()) from error
        except UnidentifiedImageError as error:
            # Of a HEIC nothing is known before all of its header is there.
            raise PictureDamaged if data[4:12] in _HEIC else NotAPicture from error
        except _DAMAGED as error:
            raise PictureDamaged from error
    with image:
        width, height = image.size
        if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE_PX:
            raise PictureTooLarge(_too_large(width, height))
        if width < 1 or height < 1:
            raise NotAPicture
        yield image


def _formats(data: bytes) -> tuple[str, ...]:
    """What the file may be. HEIC's library is loaded when a file looks like one: most never do."""
    if data[4:8] != b"ftyp":
        return FORMATS
    from pi_heif import register_heif_opener

    # What turns a HEIC upright is done while it is decoded, and its EXIF then says so. Previews,
    # depth and the like are left alone.
    register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)
    return (*FORMATS, _HEIF)


def _facts(image: Image.Image) -> PictureHeader:
    width, height = image.size
    try:
        turned = image.getexif().get(_ORIENTATION) in _TURNED
    except (OSError, SyntaxError, ValueError, KeyError, TypeError):
        turned = False  # a damaged note about the picture is not a damaged picture
    if turned:
        width, height = height, width
    return PictureHeader(image.format or "", width, height)


def _upright(image: Image.Image) -> Image.Image:
    # In place: of the largest pictures every copy takes as much memory as a function has to spare.
    with suppress(*_DAMAGED):  # as in `_facts`
        ImageOps.exif_transpose(image, in_place=True)
    return image


def _opaque(image: Image.Image) -> Image.Image:
    if image.mode in ("I;16", "I;16B", "I;16L", "I", "F"):
        # 16-bit grey: Pillow's own conversion would cut it off instead of scaling it.
        image = image.point(lambda value: value * (1 / 256)).convert("L")
    if image.has_transparency_data:
        shown = image if image.mode == "RGBA" else image.convert("RGBA")
        paper = Image.new("RGB", shown.size, _PAPER)
        paper.paste(shown, mask=shown)
        return paper
    return image if image.mode == "RGB" else image.convert("RGB")


def _too_large(width: int = 0, height: int = 0) -> str:
    size = f"The picture is {width}×{height} pixels" if width else "The picture has too many pixels"
    return f"{size}; at most {MAX_PIXELS // 10**6} megapixels can be read."
