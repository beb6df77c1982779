"""Photos that people take at work: bounded before they are opened, drawn anew, and without what the camera wrote into them."""

import warnings
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

from kernel.errors import Invalid
from kernel.text import Text

LARGEST_PHOTO_BYTES: Final = 600_000
LARGEST_SIDE_PX: Final = 1_600
_LARGEST_UPLOAD_BYTES = 5_000_000
# A tablet's camera has 8 to 13 million; a bomb of some kilobytes unfolds to far more. A JPEG is read at a fraction of
# its size, the others unfold whole.
_MOST_PIXELS = {"JPEG": 50_000_000}
_MOST_PIXELS_WHOLE = 16_000_000
_KINDS = ("JPEG", "PNG", "WEBP")
_QUALITIES = (80, 65, 50, 35)


@dataclass(frozen=True)
class Photo:
    """A picture as it is kept: JPEG, sides in pixels."""

    jpeg: bytes
    width: int
    height: int


def read_photo(data: bytes) -> Photo:
    """Draw an uploaded picture anew: turned upright, at most ``LARGEST_SIDE_PX`` a side, no metadata.

    Raises:
        Invalid: it is too large, or no picture that can be read (JPEG, PNG or WebP).
    """
    if len(data) > _LARGEST_UPLOAD_BYTES:
        raise _refused("照片太大了，最多 5 MB。", "The photo is too large; 5 MB at most.")
    try:
        with warnings.catch_warnings():
            # Pillow warns of bombs from its own bound on; ours is checked below, before any pixel is unpacked.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(BytesIO(data), formats=_KINDS) as opened:
                if opened.width * opened.height > _MOST_PIXELS.get(opened.format or "", _MOST_PIXELS_WHOLE):
                    raise _refused("照片的像素太多了。", "The photo has too many pixels.")
                return _drawn_anew(opened)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise _refused(
            "这个文件打不开。请拍一张照片，或选一张 JPG、PNG 图片。",
            "This file cannot be read. Take a photo, or choose a JPG or PNG picture.",
        ) from error


def _drawn_anew(opened: Image.Image) -> Photo:
    opened.draft("RGB", (LARGEST_SIDE_PX, LARGEST_SIDE_PX))
    upright = ImageOps.exif_transpose(opened).convert("RGB")
    upright.thumbnail((LARGEST_SIDE_PX, LARGEST_SIDE_PX))
    # A new picture with the same points: nothing else comes along, whatever the file carried.
    bare = Image.new("RGB", upright.size)
    bare.paste(upright)
    for quality in _QUALITIES:
        into = BytesIO()
        bare.save(into, "JPEG", quality=quality, optimize=True)
        if into.tell() <= LARGEST_PHOTO_BYTES:
            return Photo(into.getvalue(), bare.width, bare.height)
    raise _refused("照片细节太多，请退远一点再拍。", "The photo has too much detail; step back and take it again.")


def _refused(zh: str, en: str) -> Invalid:
    return Invalid(zh, en, fields={"photo": Text(zh, en)})
