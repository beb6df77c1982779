"""The pages of lots without scripts: found, mixed, dried, bagged in turn, wasted with a photo, counted, blocked, undone."""

import re
from datetime import UTC, datetime
from io import BytesIO

import pytest
from PIL import Image
from sqlalchemy import select

from fulfillment.purchasing.lots.models import LotChange
from fulfillment.purchasing.models import Lot
from fulfillment.purchasing.repacking.certificate_service import CertificateFacts, issue_certificate
from kernel.audit import SYSTEM
from kernel.db import Database
from tests.purchasing.test_lots import make_lots
from tests.purchasing.world import grams_on_hand, make_goods
from tests.weigh.conftest import Desk

PLACE = "/bench/weigh/lots"


@pytest.fixture
def lots(database: Database) -> tuple[int, int, int]:
    """An older lot of 10.1 kg, a newer one of 20 kg, and their bag of 250 g."""
    with database.transaction() as session:
        (old, new), bag = make_lots(session, 10_100, 20_000)
        return old.id, new.id, bag.id


def do(scale: Desk, lot_id: int, deed: str, status: int = 303, **typed: object) -> str:
    """Fill in the form of a deed and send it; where it leads, or the page."""
    page = scale.look(f"{PLACE}/{lot_id}/do/{deed}").text
    key = re.search(r'name="key" value="([^"]+)"', page)
    assert key is not None
    sent = scale.send(f"{PLACE}/{lot_id}/do/{deed}", status, key=key[1], **typed)
    if status == 303 and deed not in ("block", "free", "back"):
        # A double tap does it once.
        assert scale.send(f"{PLACE}/{lot_id}/do/{deed}", status, key=key[1], **typed).location == sent.location
    return sent.location if status == 303 else sent.text


def test_lots_are_mixed_and_shown_with_their_family(scale: Desk, lots: tuple[int, int, int]) -> None:
    old, new, _ = lots
    again = do(scale, old, "mix", 409, grams="5", **{f"part-{new}": "99"}, grade="统货")
    assert 'value="99"' in again
    page = scale.look(do(scale, old, "mix", grams="5", **{f"part-{new}": "7.5"}, grade="统货")).text
    assert "12.5 kg" in page
    assert "另开合格证" in page
    assert f'href="{PLACE}/{old}"' in page
    assert f'href="{PLACE}/{new}"' in page
    assert "混成的" in scale.look(f"{PLACE}/{old}").text


def test_fresh_goods_are_dried_and_an_odd_loss_is_asked_about(
    scale: Desk, owner: Desk, database: Database, lots: tuple[int, int, int]
) -> None:
    with database.transaction() as session:
        _, dry = make_goods(session)
        dry_id = dry.id
    typed = {"grams": "10", "to": str(dry_id), "dry": "5", "grade": "一级"}
    scale.send(f"{PLACE}/{lots[0]}/ratio", 403, to=str(dry_id), low="10", high="20")
    owner.send(f"{PLACE}/{lots[0]}/ratio", 422, to=str(dry_id), low="30", high="20")
    owner.send(f"{PLACE}/{lots[0]}/ratio", to=str(dry_id), low="10", high="20")
    assert "平常是 10 % 到 20 %" in do(scale, lots[0], "dry", 409, **typed)
    assert "晒掉 5 kg" in scale.look(do(scale, lots[0], "dry", **typed, sure="1")).text


def test_a_lot_is_sorted_into_grades_that_carry_its_certificate(
    scale: Desk, database: Database, lots: tuple[int, int, int]
) -> None:
    typed = {"grams": "10", "grade-1": "花菇一级", "part-1": "6", "grade-3": "花菇二级", "part-3": "3.4"}
    again = do(scale, lots[0], "sort", 422, **typed)
    assert "少了 0.6 公斤" in again
    assert 'value="3.4"' in again
    assert "写了两次" in do(scale, lots[0], "sort", 422, **typed | {"grade-3": "花菇一级"})
    assert "至少写两个等级" in do(scale, lots[0], "sort", 422, **{"grams": "10", "grade-1": "一", "part-1": "9"})
    do(scale, lots[0], "sort", 422, **typed | {"part-3": ""})
    do(scale, lots[0], "sort", 409, **typed | {"grams": "99"}, reason="碎了")
    with database.transaction() as session:
        by, now = SYSTEM, datetime.now(UTC)
        facts = CertificateFacts(10_000, "庆元", "合作社", "0578-1", "promised")
        paper = issue_certificate(session, [lots[0]], facts, key="paper", now=now, today=now.date(), by=by).number
    mother = scale.look(do(scale, lots[0], "sort", **typed, reason="碎了")).text
    assert "分级的 · 花菇二级 · 3.618 kg" in mother
    assert paper not in mother
    with database.transaction() as session:
        children = session.scalars(select(Lot).where(Lot.kind == "sorted").order_by(Lot.id)).all()
        first_id, number = children[0].id, children[1].number
        assert [one.received_g for one in children] == [6_000, 3_400]
    page = scale.look(f"{PLACE}/{first_id}").text
    assert paper in page
    assert "一共少了 0.6 kg" in page
    assert "sorted" in scale.look(f"/bench/weigh/trace/lots/{number}?lang=en").text
    assert number in scale.look(f"{PLACE}/{lots[0]}").text
    do(scale, first_id, "back", reason="分错了")
    assert "Taken back: 分错了" in scale.look(f"{PLACE}/{first_id}").text


def test_bags_are_suggested_from_what_goes_bad_first(
    scale: Desk, database: Database, lots: tuple[int, int, int]
) -> None:
    old, new, bag = lots
    wish = {"variant": str(bag), "bags": "60"}
    page = scale.send(f"{PLACE}/{new}/bags", 200, **wish).text
    assert re.search(rf'name="part-{old}"[^>]*value="10"', page)
    assert re.search(rf'name="part-{new}"[^>]*value="5"', page)
    chosen = {"step": "confirm", "key": "sixty-bags-1", **wish, f"part-{new}": "15", f"part-{old}": ""}
    assert "到期更早" in scale.send(f"{PLACE}/{new}/bags", 409, **chosen).text
    scale.send(f"{PLACE}/{new}/bags", 422, **chosen | {f"part-{new}": "14"})
    scale.send(f"{PLACE}/{new}/bags", 422, **chosen | {f"part-{new}": ""})
    scale.send(f"{PLACE}/{new}/bags", **chosen, reason="客人要新货")
    with database.transaction() as session:
        assert grams_on_hand(session, bag) == 60
    back = re.search(r'action="([^"]+/baggings/[0-9]+/back)"', scale.look(f"{PLACE}/{new}").text)
    assert back is not None
    scale.send(back[1], 422, reason="")
    for _ in range(2):
        scale.send(back[1], reason="数错了")
    with database.transaction() as session:
        assert grams_on_hand(session, bag) == 0
        assert session.get_one(Lot, new).used_g == 0


def test_waste_keeps_its_photo_and_a_count_far_off_is_made_twice(
    scale: Desk, database: Database, lots: tuple[int, int, int]
) -> None:
    picture = BytesIO()
    Image.new("RGB", (40, 30), "brown").save(picture, "PNG")
    key = {"key": "mouldy-goods"}
    photo = (BytesIO(picture.getvalue()), "a.png")
    scale.send(f"{PLACE}/{lots[0]}/do/waste", **key, grams="1.1", reason="发霉", photo=photo)
    with database.transaction() as session:
        change = session.scalars(select(LotChange)).one()
    shown = scale.browser.get(f"{PLACE}/changes/{change.id}/photo")
    assert (shown.status_code, shown.mimetype) == (200, "image/jpeg")
    assert 'id="error-again"' in do(scale, lots[0], "count", 409, counted="5", reason="月底盘点")
    do(scale, lots[0], "count", counted="5", again="5", reason="月底盘点")
    with database.transaction() as session:
        assert session.get_one(Lot, lots[0]).left_g == 5_000
    for wrong in ({"grams": "0"}, {"grams": "x"}, {"reason": ""}):
        do(scale, lots[0], "waste", 422, **{"grams": "1", "reason": "发霉"} | wrong)
    do(scale, lots[0], "waste", 409, grams="99", reason="发霉")


def test_a_blocked_lot_is_said_everywhere_and_gives_nothing(scale: Desk, lots: tuple[int, int, int]) -> None:
    old, _, bag = lots
    do(scale, old, "block", 422, reason="")
    do(scale, old, "block", reason="客人说有虫")
    assert "客人说有虫" in scale.look(f"{PLACE}/{old}").text
    assert "1 批封存着" in scale.look("/bench/weigh").text
    sent = {"variant": str(bag), "bags": "1", "step": "confirm", "key": "one-bag-of-it", f"part-{old}": "0.25"}
    assert "被封存了" in scale.send(f"{PLACE}/{old}/bags", 409, **sent).text
    do(scale, old, "free", reason="看过了，没有")
    scale.send(f"{PLACE}/{old}/bags", **sent)


def test_lots_are_found_filtered_and_exported(scale: Desk, lots: tuple[int, int, int], database: Database) -> None:
    old, new, _ = lots
    with database.transaction() as session:
        numbers = [session.get_one(Lot, each).number for each in (old, new)]
    made = do(scale, old, "mix", grams="10.1", **{f"part-{new}": "1"}, grade="统货")
    page = scale.look(PLACE).text
    assert (numbers[0] in page, numbers[1] in page) == (False, True)
    assert numbers[0] in scale.look(f"{PLACE}?state=used").text
    assert numbers[1] in scale.look(f"{PLACE}?q={numbers[1].lower()}").text
    assert "没有找到" in scale.look(f"{PLACE}?q=%25&state=nonsense&page=x&product=9").text
    assert "没有找到" in scale.look(f"{PLACE}?state=blocked").text
    table = scale.browser.get(f"{PLACE}/export.csv?state=all").text
    assert table.count("\n") == 4
    scale.look(f"{PLACE}/export.exe", 404)
    do(scale, int(made.rsplit("/", 1)[1]), "back", reason="混错了")
    assert numbers[0] in scale.look(PLACE).text


def test_unknown_lots_and_deeds_are_not_found(scale: Desk, lots: tuple[int, int, int]) -> None:
    for place in (f"{lots[0]}/do/burn", "999999/do/mix", f"{2**63}/do/mix", f"{2**63}", "changes/999/photo"):
        scale.look(f"{PLACE}/{place}", 404)
