"""The pages of tracing, without scripts: find, step back, correct, recall, export, free."""

import csv
import io

import pytest
from flask import Flask
from sqlalchemy import text

from kernel.db import Database
from kernel.people.rules import LEAD, WEIGHER
from tests.tracing.test_recall import a_mixed_lot_in_a_parcel
from tests.weigh.conftest import Desk, desk_of

AT = "/bench/weigh/trace"


@pytest.fixture
def lot_and_parcel(database: Database) -> tuple[str, str]:
    with database.transaction() as session:
        lot, parcel, _ = a_mixed_lot_in_a_parcel(session)
        return lot.number, parcel.number


@pytest.fixture
def lead(app: Flask, database: Database) -> Desk:
    return desk_of(app, database, LEAD, "组长")


def test_a_scan_finds_lots_and_boxes_and_keeps_what_was_typed(lead: Desk, lot_and_parcel: tuple[str, str]) -> None:
    lot, parcel = lot_and_parcel
    assert lead.browser.get(f"{AT}?q=https://x.example/trace/{lot}").location == f"{AT}/lots/{lot}"
    assert lead.browser.get(f"{AT}?q={parcel}").location == f"{AT}/boxes/{parcel}"
    assert "NOWHERE-1" in lead.look(f"{AT}?q=NOWHERE-1").text
    lead.look(f"{AT}?q=%00{'9' * 5000}")
    assert f'href="{AT}"' in lead.look("/bench/lead").text
    assert lead.browser.get(f"/bench/lead/parcels?q=https://x.example/trace/{lot}").location == f"{AT}/lots/{lot}"
    for path in ("lots/L000000-0000", "boxes/NOWHERE1"):
        lead.look(f"{AT}/{path}", 404)


def test_a_recall_is_stopped_by_one_press_masked_exported_and_noted(
    lead: Desk, lot_and_parcel: tuple[str, str], database: Database
) -> None:
    lot, parcel = lot_and_parcel
    page = lead.look(f"{AT}/lots/{lot}")
    assert "138****8000" not in page.text
    assert "13800008000" not in page.text
    assert "张三" not in page.text
    lead.send(f"{AT}/lots/{lot}/stop", 422, reason="")
    for _ in range(2):
        lead.send(f"{AT}/lots/{lot}/stop", reason="怀疑农残")
    assert "怀疑农残" in lead.look(f"{AT}/boxes/{parcel}").text
    assert "怀疑农残" in lead.look(f"/bench/lead/parcels/{parcel}").text
    rows = list(csv.reader(io.StringIO(lead.browser.get(f"{AT}/lots/{lot}/buyers.csv").text)))
    assert rows[1][:2] == ["张三", "\t13800008000"]
    assert lead.browser.get(f"{AT}/lots/{lot}/buyers.xlsx").data.startswith(b"PK")
    lead.look(f"{AT}/lots/{lot}/buyers.exe", 404)
    assert parcel in lead.look(f"{AT}/lots/{lot}/paper").text
    lead.send(f"{AT}/boxes/{parcel}/free", 409, reason="换过了")
    lead.send(f"{AT}/lots/{lot}/free", free_reason="化验没问题")
    with database.transaction() as session:
        taken = session.execute(text("SELECT count(*) FROM audit_entries WHERE action = 'recall.exported'"))
        assert taken.scalar_one() == 2
        assert session.execute(text("SELECT count(*) FROM parcel_holds WHERE freed_at IS NULL")).scalar_one() == 0


def test_scanning_a_bag_puts_a_box_right(lead: Desk, lot_and_parcel: tuple[str, str], database: Database) -> None:
    _, parcel = lot_and_parcel
    with database.transaction() as session:
        known = session.execute(
            text(
                "SELECT h.variant_id, h.bagging_id, l.number FROM parcel_bags h JOIN baggings b ON b.id = h.bagging_id "
                "JOIN bagging_parts x ON x.bagging_id = b.id JOIN lots l ON l.id = x.lot_id ORDER BY h.bags DESC"
            )
        ).all()
    wrong, right = known
    typed = {"variant": wrong.variant_id, "from": wrong.bagging_id, "bags": 2}
    lead.send(f"{AT}/boxes/{parcel}/bags", 422, **typed)
    # How many is marked where it was typed, and at none of the box's other lines.
    marked = lead.send(f"{AT}/boxes/{parcel}/bags", 422, **typed | {"bags": "两"}).text
    assert marked.count('id="bags-error-') == marked.count('aria-invalid="true"') - marked.count('id="bag-error-') == 1
    assert marked.count('value="两"') == 1
    kept = lead.send(f"{AT}/boxes/{parcel}/bags", 422, **typed, bag="L000000-9999")
    assert "L000000-9999" in kept.text
    lead.send(f"{AT}/boxes/{parcel}/bags", **typed, bag=f"https://x.example/trace/{right.number}")
    lead.send(f"{AT}/boxes/{parcel}/bags", **typed | {"bags": 1}, to="unknown")
    assert "批号不明" in lead.look(f"{AT}/boxes/{parcel}?lang=zh").text


def test_the_weigher_may_look_and_stop_but_not_take_the_list(
    app: Flask, database: Database, lot_and_parcel: tuple[str, str]
) -> None:
    lot, _ = lot_and_parcel
    weigher = desk_of(app, database, WEIGHER, "老胡")
    assert f'action="{AT}"' in weigher.look("/bench/weigh").text
    assert "buyers.csv" not in weigher.look(f"{AT}/lots/{lot}").text
    assert weigher.browser.get(f"{AT}/lots/{lot}/buyers.csv").status_code == 403
    weigher.send(f"{AT}/lots/{lot}/stop", reason="闻着不对")
