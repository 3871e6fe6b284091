"""Reads untrusted still pictures: four formats, limited pixels, upright, opaque, in sRGB.

HEIC is decoded by pi-heif (BSD-3-Clause). Its wheel contains libheif and libde265 (LGPL-3.0, linked
at run time) and no encoder.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from pi_heif import register_heif_opener
from PIL import Image, ImageMath, ImageOps, UnidentifiedImageError
from PIL.PngImagePlugin import PngImageFile

from shared.media.errors import EmptyFile, NotAPicture, PictureDamaged, PictureTooLarge
from shared.media.images.colour_profile import CICP, to_srgb
from shared.media.images.jpeg_end import END_WARNING, append_end, lacks_end
from shared.media.images.png_colour import read_cicp
from shared.recipes.upload_results import PictureInfo

FORMATS = ("JPEG", "PNG", "WEBP")
_HEIF = "HEIF"
MAX_PIXELS = 64_000_000
"""192 MB as RGB."""
MAX_SIDE_PX = 30_000
_HEIC_BRANDS = tuple(b"ftyp" + brand for brand in (b"heic", b"heix", b"heim", b"heis", b"mif1"))
_WHITE = (255, 255, 255)
_SIDEWAYS_ORIENTATIONS = (5, 6, 7, 8)
_ORIENTATION = 0x0112

Image.MAX_IMAGE_PIXELS = MAX_PIXELS
# Pillow imports its plugins on first use, but a sandbox process cannot import modules.
Image.init()
# libheif rotates a HEIC while decoding, and its EXIF then says upright. Previews, depth images and
# similar data are ignored.
register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)
_DAMAGED = (OSError, SyntaxError, ValueError, IndexError, EOFError, RuntimeError)
"""The errors of Pillow and its plug-ins; libheif reports its own limits as a RuntimeError."""


def read_picture_header(data: bytes) -> PictureInfo:
    """Reads only the header. Raises a PermanentError that names the cause."""
    with _open(data) as (image, is_cut_off):
        return _read_header(image, is_cut_off=is_cut_off)


def read_picture(data: bytes, max_side_px: int | None = None) -> Image.Image:
    """Returns the first picture of the file: sRGB, upright, transparency on white.

    Args:
        data: The file.
        max_side_px: A much larger JPEG is decoded at a fraction of its size, but not smaller than
            this.

    Raises:
        PermanentError: One that names the cause.
    """
    with _open(data) as (image, _):
        if max_side_px is not None:
            image.draft("RGB", (max_side_px, max_side_px))
        try:
            image.load()
            return _to_rgb(_upright(image))
        except _DAMAGED as error:
            raise PictureDamaged from error


@contextmanager
def _open(data: bytes) -> Iterator[tuple[Image.Image, bool]]:
    """Yields the picture, and whether it is a JPEG whose last bytes are missing."""
    if not data:
        raise EmptyFile
    with warnings.catch_warnings():
        # Pillow warns above MAX_PIXELS, and raises an error only above twice that number.
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            image = Image.open(io.BytesIO(data), formats=_allowed_formats(data))
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
            raise PictureTooLarge(_too_large_message()) from error
        except UnidentifiedImageError as error:
            # A HEIC is identified only after its complete header was read.
            raise PictureDamaged if data[4:12] in _HEIC_BRANDS else NotAPicture from error
        except _DAMAGED as error:
            raise PictureDamaged from error
    with image:
        width, height = image.size
        if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE_PX:
            raise PictureTooLarge(_too_large_message(width, height))
        if width < 1 or height < 1:
            raise NotAPicture
        if image.format == "JPEG" and lacks_end(data):
            yield _open_cut_off(data), True
            return
        _scale_transparency(image)
        if cicp := read_cicp(data):
            image.info[CICP] = cicp
        yield image, False


def _open_cut_off(data: bytes) -> Image.Image:
    """Opens a JPEG without an end marker. Raises PictureDamaged if more than its end is missing."""
    try:
        complete = append_end(data)
        if complete is not None:
            return Image.open(io.BytesIO(complete), formats=("JPEG",))
    except _DAMAGED as error:
        raise PictureDamaged from error
    raise PictureDamaged


def _scale_transparency(image: Image.Image) -> None:
    """Converts the transparent colour of a PNG to the eight bits of its pixels.

    Pillow scales the pixels, but not the colour. 16-bit grey keeps its bits until `_to_rgb`.
    """
    colour = image.info.get("transparency")
    tile = image.tile if isinstance(image, PngImageFile) else []
    raw_mode = str(tile[0].args) if tile else ""
    if raw_mode in ("L;2", "L;4") and isinstance(colour, int):
        image.info["transparency"] = colour * (255 // ((1 << int(raw_mode[2:])) - 1))
    elif raw_mode == "RGB;16B" and isinstance(colour, tuple):
        image.info["transparency"] = tuple(value >> 8 for value in colour)


def _allowed_formats(data: bytes) -> tuple[str, ...]:
    """Returns the possible formats: HEIC only for a file that looks like it."""
    if data[4:8] != b"ftyp":
        return FORMATS
    return (*FORMATS, _HEIF)


def _read_header(image: Image.Image, *, is_cut_off: bool) -> PictureInfo:
    width, height = image.size
    try:
        is_sideways = image.getexif().get(_ORIENTATION) in _SIDEWAYS_ORIENTATIONS
    except (OSError, SyntaxError, ValueError, KeyError, TypeError):
        is_sideways = False  # damaged metadata is not a damaged picture
    if is_sideways:
        width, height = height, width
    warnings = (END_WARNING,) if is_cut_off else None
    return PictureInfo(image.format or "", width, height, warnings)


def _upright(image: Image.Image) -> Image.Image:
    # In place: a copy of the largest pictures would take all memory that a function can spare.
    with suppress(*_DAMAGED):  # see `_read_header`
        ImageOps.exif_transpose(image, in_place=True)
    return image


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode in ("I;16", "I;16B", "I;16L", "I", "F"):
        # 16-bit grey: Pillow's own conversion would clip instead of scale.
        image = _to_eight_bits(image)
    image = to_srgb(image)
    if image.has_transparency_data:
        rgba = image if image.mode == "RGBA" else image.convert("RGBA")
        background = Image.new("RGB", rgba.size, _WHITE)
        background.paste(rgba, mask=rgba)
        return background
    return image if image.mode == "RGB" else image.convert("RGB")


def _to_eight_bits(image: Image.Image) -> Image.Image:
    transparent = image.info.get("transparency")
    grey = image.point(lambda value: value * (1 / 256)).convert("L")
    if not isinstance(transparent, int):
        return grey
    grey.info.pop("transparency", None)
    # The colour is compared in 16 bits: its neighbours are opaque.
    alpha = ImageMath.lambda_eval(
        lambda operands: operands["convert"]((operands["image"] != transparent) * 255, "L"),
        image=image.convert("I"),
    )
    with_alpha = Image.merge("LA", (grey, alpha))
    with_alpha.info = grey.info
    return with_alpha


def _too_large_message(width: int = 0, height: int = 0) -> str:
    size = f"The picture is {width}×{height} pixels" if width else "The picture has too many pixels"
    return f"{size}; at most {MAX_PIXELS // 10**6} megapixels can be read."
