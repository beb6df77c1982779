"""Draw the products' pictures as points for the share cards: `.venv/bin/python -m tools.draw_card_photos`.

A browser draws them, as buyers see them; their noise and shadows take seconds, and a chat app does not wait that long.
"""

from io import BytesIO
from pathlib import Path

from PIL import Image

from tests.e2e.house import chromium

_IMAGES = Path(__file__).resolve().parents[1] / "static/img"
_SIDE_PX = 900


def main() -> None:
    """One WebP for each product's drawing, in ``static/img/cards``."""
    with chromium() as browser:
        page = browser.new_page(viewport={"width": _SIDE_PX, "height": _SIDE_PX})
        for drawing in sorted((_IMAGES / "products").glob("*.svg")):
            page.goto(drawing.as_uri())
            picture = Image.open(BytesIO(page.screenshot(timeout=60_000))).convert("RGB")
            picture.save(_IMAGES / "cards" / f"{drawing.stem}.webp", quality=82, method=4)


if __name__ == "__main__":
    main()
