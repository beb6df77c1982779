"""Share cards: what is on them is read again by a reader of codes; addresses stay, and pages name them for chat apps."""

import re
from io import BytesIO
from pathlib import Path

import pytest
import zxingcpp
from flask.testing import FlaskClient
from PIL import Image, ImageChops

from app.sharing import cards
from app.sharing.cards import CARD, POSTER, Facts, draw
from kernel.db import Database
from kernel.text import Text
from shop.catalog.models import Product
from shop.streams.models import Offer
from tests.storefront.pages import assert_nothing_inline
from tests.world import LiveOffer, make_live_offer

IMAGES = Path(__file__).parents[2] / "static/img"


def facts(**changes: object) -> Facts:
    given: dict[str, object] = {
        "title": Text("庆元花菇", "Flower shiitake"),
        "spec": Text("250 克一袋", "250 g a bag"),
        "price_word": Text("直播价", "Live price"),
        "price_fen": 3_980,
        "list_price_fen": 4_980,
        "about": ("周五夜市", "Friday market", "2026-11-27 20:00"),
        "photo": "products/huagu.svg",
        "address": "https://shop.example/live/7/offers/9",
    }
    return Facts(**{**given, **changes})  # type: ignore[arg-type]


def words_of(one: Facts) -> str:
    return "\n".join(mark["text"] for mark in cards._words(one, CARD))


def picture(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data)).convert("RGB")


def codes(data: bytes) -> list[str]:
    return [code.text for code in zxingcpp.read_barcodes(picture(data).convert("L"))]


@pytest.fixture
def offer(database: Database) -> LiveOffer:
    with database.transaction() as session:
        return make_live_offer(session, on_hand=5)


@pytest.mark.parametrize(("shape", "size"), [(CARD, (1200, 630)), (POSTER, (1080, 1620))])
def test_a_card_has_its_size_and_a_code_that_a_phone_reads(shape: cards.Shape, size: tuple[int, int]) -> None:
    drawn = draw(facts(), shape)
    assert picture(drawn).size == size
    assert codes(drawn) == ["https://shop.example/live/7/offers/9"]


def test_both_prices_stand_on_it_and_a_list_price_only_above() -> None:
    assert "¥39.80" in words_of(facts())
    assert "¥49.80" in words_of(facts())
    assert words_of(facts(price_fen=4_980)).count("¥") == 1


def test_a_rare_character_is_drawn_and_one_without_a_shape_is_named() -> None:
    plain, rare = (draw(facts(title=Text(title, "")), CARD) for title in ("菇", "𰻝"))
    assert ImageChops.difference(picture(plain), picture(rare)).getbbox()
    assert "[U+1F344]" in words_of(facts(title=Text("菇🍄", "Mushroom")))


@pytest.mark.parametrize("shape", [CARD, POSTER])
def test_long_words_stay_beside_the_code_and_on_the_card(shape: cards.Shape) -> None:
    long = facts(
        title=Text("特级花菇" * 20, "Flower " * 40),
        about=("山里的夜市" * 20, "Evening " * 30, "20:00"),
        price_fen=99_999_999,
    )
    assert codes(draw(long, shape)) == [long.address]
    lowest = max(mark["y"] + mark["size"] for mark in cards._words(long, shape))
    assert lowest <= shape.height


def test_a_picture_that_is_not_there_leaves_its_place_empty() -> None:
    assert codes(draw(facts(photo="../../config.py"), CARD)) == ["https://shop.example/live/7/offers/9"]


def test_every_product_drawing_has_its_points() -> None:
    drawings = {file.stem for file in (IMAGES / "products").glob("*.svg")}
    assert {file.stem for file in (IMAGES / "cards").glob("*.webp")} == drawings


def test_an_offer_is_shared_by_its_own_address(client: FlaskClient, offer: LiveOffer) -> None:
    address = f"/live/{offer.stream_id}/offers/{offer.offer_id}"
    page = client.get(address)
    assert_nothing_inline(page)
    image = re.search(r'property="og:image" content="([^"]+)"', page.text)
    assert image
    assert image[1].endswith(f"{address}/card.png")
    assert re.search(rf'id="share-link" type="text" readonly value="http[^"]+{address}"', page.text)
    for name in ("card", "poster", "qr"):
        (code,) = codes(client.get(f"{address}/{name}.png").data)
        assert client.get("/" + code.split("/", 3)[3]).status_code == 200
        assert code.endswith(address)
    assert f'content="{image[1]}"' in client.get(f"/live/{offer.stream_id}").text


def test_a_card_is_kept_by_caches_and_changes_with_the_price(
    client: FlaskClient, database: Database, offer: LiveOffer
) -> None:
    address = f"/live/{offer.stream_id}/offers/{offer.offer_id}/card.png"
    first = client.get(address)
    assert first.mimetype == "image/png"
    assert first.headers["Cache-Control"] == "public, max-age=300"
    assert "Set-Cookie" not in first.headers
    tag = {"If-None-Match": first.headers["ETag"]}
    assert client.get(address, headers=tag).status_code == 304
    with database.transaction() as session:
        session.get_one(Offer, offer.offer_id).price_fen = 3_000
    assert client.get(address, headers=tag).status_code == 200


def test_a_product_has_its_card_and_what_is_not_there_has_none(
    client: FlaskClient, database: Database, offer: LiveOffer
) -> None:
    with database.transaction() as session:
        slug = session.query(Product.slug).scalar()
    page = client.get(f"/products/{slug}")
    assert f"/products/{slug}/card.png" in page.text
    for name in ("card", "poster", "qr"):
        (code,) = codes(client.get(f"/products/{slug}/{name}.png").data)
        assert code.endswith(f"/products/{slug}")
        assert client.get(f"/products/none/{name}.png").status_code == 404
        assert client.get(f"/live/{offer.stream_id}/offers/999999/{name}.png").status_code == 404
    assert client.get(f"/live/{offer.stream_id}/offers/999999").status_code == 404
