"""What a phone at the scale sends when the network is back: written once, refused with the reason, photos first."""

from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from fulfillment.bench.queue_rules import Pass, sign_pass
from fulfillment.purchasing.growers.models import Contract
from fulfillment.purchasing.models import Delivery
from fulfillment.purchasing.weighing import queries
from fulfillment.purchasing.weighing.rules import Bag
from kernel.audit import SYSTEM
from kernel.db import Database
from kernel.people import service as people
from kernel.people.models import Person
from kernel.people.rules import PACKER
from tests.purchasing.world import make_quote
from tests.weigh.conftest import TYPED, Desk
from tests.world import NOW

KEY = "0123456789abcdef0123456789abcdef"


@dataclass
class Phone:
    """A phone at the scale without a cookie: what it has is a pass."""

    app: Flask
    leave: str

    def post(self, path: str, **body: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.leave}"}
        return self.app.test_client().post(f"/bench/weigh/in/queue{path}", headers=headers, **body)

    def send(self, contract: Contract, key: str = KEY, ago: timedelta = timedelta(), **changes: str) -> dict[str, Any]:
        """Send a weigh-in; the answer."""
        slip = {"key": key, "contract": contract.id, "age_ms": int(ago.total_seconds() * 1000), "seen": ""}
        answer = self.post("", json={**slip, "fields": {**TYPED, **changes}})
        assert answer.status_code == 200, answer.text
        assert answer.json is not None
        return dict(answer.json)


def phone_of(app: Flask, person_id: int) -> Phone:
    return Phone(app, sign_pass(str(app.secret_key), Pass(person_id, "a-phone", NOW)))


@pytest.fixture
def phone(app: Flask, scale: Desk, database: Database) -> Phone:
    with database.transaction() as session:
        return phone_of(app, session.scalars(select(Person.id).where(Person.name == "胡𠮷明")).one())


def written(database: Database) -> list[tuple[int, int]]:
    with database.transaction() as session:
        return [(row.gross_g, row.pay_fen) for row in session.scalars(select(Delivery).order_by(Delivery.id))]


def test_a_weigh_in_without_a_network_is_written_once_however_often_it_is_sent(
    phone: Phone, contract: Contract, database: Database
) -> None:
    answers = [phone.send(contract, gross_2="10.5", tare_2="0.5") for _ in range(3)]
    assert answers[0]["state"] == "written"
    assert answers[0] == answers[1] == answers[2]
    assert written(database) == [(54_200, 470_400)]
    with database.transaction() as session:
        delivery = session.scalars(select(Delivery)).one()
        assert queries.bags_of(session, delivery.id) == [Bag(43_700, 1_200), Bag(10_500, 500)]
        assert delivery.by == "胡𠮷明"


def test_it_counts_for_the_day_on_which_it_was_weighed(phone: Phone, contract: Contract, database: Database) -> None:
    with database.transaction() as session:
        make_quote(session, contract, 7_000, day=(NOW - timedelta(days=1)).date())
    phone.send(contract, ago=timedelta(days=1))
    with database.transaction() as session:
        delivery = session.scalars(select(Delivery)).one()
        assert (delivery.day, delivery.quote_fen_per_kg) == ((NOW - timedelta(days=1)).date(), 7_000)


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"tare": "99"}, "tare"), ({"moisture": "130"}, "moisture"), ({"gross": "x"}, "gross"), ({"grade": ""}, "grade")],
)
def test_what_cannot_be_right_is_refused_with_the_reason_and_may_be_mended_with_the_same_key(
    phone: Phone, contract: Contract, database: Database, changes: dict[str, str], field: str
) -> None:
    answer = phone.send(contract, **changes)
    assert (answer["state"], list(answer["fields"])) == ("refused", [field])
    assert answer["say"]["zh"]
    assert answer["say"]["en"]
    assert written(database) == []
    assert phone.send(contract)["state"] == "written"
    assert phone.send(contract, gross="50")["code"] == "idempotency_key_reused"
    assert len(written(database)) == 1


def test_a_price_that_was_seen_and_has_changed_is_not_written(
    phone: Phone, contract: Contract, database: Database
) -> None:
    body = {"key": KEY, "contract": contract.id, "age_ms": 0, "seen": "380801.1", "fields": TYPED}
    answer = phone.post("", json=body)
    assert answer.json is not None
    assert answer.json["code"] == "figure_changed"
    assert written(database) == []


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {"key": "short"},
        {"key": KEY},
        {"key": KEY, "contract": True, "age_ms": 0},
        {"key": KEY, "contract": 2**70},
    ],
)
def test_what_is_no_weigh_in_is_refused(phone: Phone, database: Database, body: object) -> None:
    answer = phone.post("", json=body)
    assert answer.json is not None
    assert (answer.status_code, answer.json["state"]) == (200, "refused")
    assert written(database) == []


def test_only_who_weighs_may_send(app: Flask, database: Database, phone: Phone) -> None:
    with database.transaction() as session:
        packer = people.add_person(session, name="周", shown_name="周", roles=[PACKER], now=NOW, by=SYSTEM)
    assert phone_of(app, packer.id).post("", json={}).status_code == 403
    assert Phone(app, "nonsense").post("", json={}).status_code == 401
    assert Phone(app, phone.leave).post("/photos/other/1", data=b"").status_code == 404


def picture(size: tuple[int, int] = (30, 20)) -> bytes:
    into = BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    Image.new("RGB", size, "brown").save(into, "JPEG", exif=exif)
    return into.getvalue()


def test_photos_come_first_and_carry_nothing_along(phone: Phone, scale: Desk, contract: Contract) -> None:
    for place in (1, 1, 2):
        answer = phone.post(f"/photos/goods/{place}?key={KEY}", data=picture())
        assert answer.json == {"state": "kept"}
    assert phone.post(f"/photos/goods/3?key={KEY}", data=b"no picture").json["state"] == "refused"  # type: ignore[index]
    phone.send(contract)
    with scale.database.transaction() as session:
        kept = queries.photos_of(session, KEY)
        assert [photo.place for photo in kept] == [1, 2]
        photo_id = kept[0].id
    shown = scale.browser.get(f"/bench/weigh/in/photos/{photo_id}")
    assert shown.mimetype == "image/jpeg"
    assert b"taken at home" not in shown.data


def test_the_page_without_scripts_takes_bags_catties_and_photos(scale: Desk, contract: Contract) -> None:
    path = f"/bench/weigh/in/{contract.id}"
    typed = {**TYPED, "unit": "jin", "gross": "87.4", "tare": "2.4", "key": KEY}
    more = scale.send(path, 200, step="add-bag", **typed)
    assert 'name="gross_2"' in more.text
    assert 'value="87.4"' in more.text
    sent = {**typed, "gross_2": "21", "tare_2": "1", "goods_photo": (BytesIO(picture()), "a.jpg")}
    page = scale.send(path, 200, step="work-out", **sent)
    assert "¥4,704.00" in page.text
    assert "/bench/weigh/in/photos/" in page.text
    assert "no-picture" not in page.text
    broken = scale.send(path, 422, step="work-out", **{**typed, "goods_photo": (BytesIO(b"x"), "a.jpg")})
    assert "这个文件打不开" in broken.text
    assert 'value="87.4"' in broken.text


def test_the_kept_page_and_the_badges_name_who_may_come(scale: Desk, contract: Contract) -> None:
    kept = scale.look("/bench/weigh/in/kept").text
    badges = scale.look("/bench/weigh/in/badges").text
    assert "吴长根" in kept
    assert "吴长根" in badges
    code = f"NH-{contract.farmer_id:05d}"
    assert code in badges
    assert (
        f"/bench/weigh/in/{contract.id}"
        in scale.look(f"/bench/weigh/in?q={badges.split(code)[1][:2].join([code, ''])}").text
    )
    worker = scale.browser.get("/bench/weigh/in/sw.js")
    assert worker.headers["Service-Worker-Allowed"] == "/bench/weigh/in"


def test_the_owner_puts_a_photo_in_the_place_of_a_drawing(owner: Desk, contract: Contract) -> None:
    page = owner.look("/bench/weigh/grades/pictures").text
    path = page.split('action="/bench/weigh/grades/')[1].split('"')[0]
    owner.send(f"/bench/weigh/grades/{path}", 303, photo=(BytesIO(picture()), "a.jpg"))
    assert owner.browser.get(f"/bench/weigh/grades/{path}").mimetype == "image/jpeg"
    assert f"/bench/weigh/grades/{path}" in owner.look(f"/bench/weigh/in/{contract.id}").text
    owner.send(f"/bench/weigh/grades/{path}/drop", 303)
    owner.look(f"/bench/weigh/grades/{path}", 404)
    with owner.database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Delivery)) == 0
