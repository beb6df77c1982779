"""The signed paper of a contract as it is sent: photos, or a PDF whose pages are drawn, so that nothing in it can run."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from io import BytesIO
from threading import Lock

import pypdfium2

from fulfillment.purchasing.growers.refusals import fault
from fulfillment.purchasing.growers.rules import MOST_PAGES
from kernel.errors import Invalid
from kernel.photos import LARGEST_SIDE_PX, Photo, read_photo

_LARGEST_PDF_BYTES = 5_000_000
# The library behind it draws for one thread at a time.
_DRAWING = Lock()


def read_pages(files: Sequence[bytes]) -> list[Photo]:
    """Pages in the order in which they were sent, each a picture drawn anew.

    Raises:
        Invalid: nothing was sent, a file is none of JPEG, PNG, WebP or PDF or is too large, or there are too many pages.
    """
    if not files:
        raise fault("pages", "请选照片或 PDF。", "Choose photos or a PDF.")
    pages = [page for data in files for page in _pages_of(data)]
    if len(pages) > MOST_PAGES:
        raise too_many()
    return pages


def too_many() -> Invalid:
    """What to say to more pages than are kept."""
    return fault("pages", f"一份合同最多 {MOST_PAGES} 页。", f"At most {MOST_PAGES} pages a contract.")


def _pages_of(data: bytes) -> list[Photo]:
    if data.startswith(b"%PDF-"):
        return list(_drawn(data))
    try:
        return [read_photo(data)]
    except Invalid as refused:
        raise fault("pages", refused.text.zh, refused.text.en) from None


def _drawn(data: bytes) -> Iterator[Photo]:
    if len(data) > _LARGEST_PDF_BYTES:
        raise fault("pages", "PDF 太大了，最多 5 MB。", "The PDF is too large; 5 MB at most.")
    with _DRAWING:
        try:
            with closing(pypdfium2.PdfDocument(data)) as document:
                if len(document) > MOST_PAGES:
                    raise too_many()
                yield from [_draw(page) for page in document]
        except pypdfium2.PdfiumError:
            raise fault(
                "pages",
                "这个 PDF 打不开，可能加了密码。请重新扫描，或者拍照。",
                "This PDF cannot be opened; it may have a password. Scan it again, or take photos.",
            ) from None


def _draw(page: pypdfium2.PdfPage) -> Photo:
    drawn = page.render(scale=LARGEST_SIDE_PX / max(page.get_size()))
    into = BytesIO()
    drawn.to_pil().convert("RGB").save(into, "JPEG", quality=95)
    return read_photo(into.getvalue())
