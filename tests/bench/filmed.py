"""What a camera at the bench would see: codes on paper, a little turned and blurred, as a film for Chromium."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import pypdfium2
import segno
from barcode.codex import Code128
from PIL import Image, ImageFilter

FRAME = (1280, 720)
_TABLE = (96, 84, 74)


def slip_picture(pdf: bytes, dpi: int = 110) -> Image.Image:
    """The first page of a slip."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return document[0].render(scale=dpi / 72).to_pil().convert("RGB")
    finally:
        document.close()


def qr_picture(text: str) -> Image.Image:
    """A QR code on white paper."""
    out = BytesIO()
    segno.make(text, error="m", micro=False).save(out, kind="png", scale=7, border=4)
    return Image.open(out).convert("RGB")


def bars_picture(text: str) -> Image.Image:
    """Code 128 on white paper, three dots a module."""
    modules = "0" * 12 + "".join(Code128(text).build()) + "0" * 12
    row = Image.new("L", (len(modules), 1), 255)
    row.putdata([0 if module == "1" else 255 for module in modules])
    return row.resize((len(modules) * 3, 180), Image.Resampling.NEAREST).convert("RGB")


def film(file: Path, pictures: Sequence[Image.Image | None], *, each: int = 12) -> None:
    """Write a film (MJPEG) in which the pictures lie on the table one after the other; ``None`` is the bare table."""
    with file.open("wb") as out:
        for picture in pictures:
            frame = Image.new("RGB", FRAME, _TABLE)
            if picture is not None:
                paper = picture.copy()
                paper.thumbnail((FRAME[0] - 120, FRAME[1] - 20))
                turned = paper.rotate(4, expand=True, fillcolor=_TABLE, resample=Image.Resampling.BICUBIC)
                frame.paste(turned, ((FRAME[0] - turned.width) // 2, (FRAME[1] - turned.height) // 2))
                frame = frame.filter(ImageFilter.GaussianBlur(0.7))
            for _ in range(each):
                frame.save(out, "JPEG", quality=80)
