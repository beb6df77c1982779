"""Reading a note of other work: what, how much, when, by whom and in which parts."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from fulfillment.bench.wage_forms import id_or_none
from fulfillment.piecework.work import rules
from fulfillment.piecework.work.models import WorkKind
from fulfillment.piecework.work.service import Note
from kernel.clock import local_day
from kernel.forms import Form
from kernel.http import setting, utc_now
from shop.catalog.models import Product

_MOST_PARTS = 1_440


def read_note(session: Session, form: Form, allowed: Mapping[int, str]) -> Note:
    """The note on the form; ``allowed`` are the people who may be in a team, by id.

    Raises:
        Invalid: with what to change at each field.
    """
    kind = _kind(session, form)
    product_id = id_or_none(form.value("product"))
    if product_id is not None and session.get(Product, product_id) is None:
        form.refuse("product", "没有这个商品。", "There is no such product.")
    quantity = 0
    if kind is not None and kind.unit == rules.GRAM:
        quantity = form.kg("quantity", low_g=1, high_g=rules.MOST_G)
    else:
        quantity = form.count("quantity", 1, rules.MOST_PIECES)
    worked_at = _moment(form)
    split = form.choice("split", rules.SPLITS)
    team = _team(form, allowed, split)
    remark = form.text("remark", longest=100, required=False)
    form.check()
    assert kind is not None
    return Note(kind.id, product_id, quantity, worked_at, split, team, remark)


def _kind(session: Session, form: Form) -> WorkKind | None:
    kind = session.get(WorkKind, id_or_none(form.value("kind")) or 0)
    if kind is None or not kind.active:
        form.refuse("kind", "请选做了什么。", "Choose what was done.")
    return kind


def _moment(form: Form) -> datetime:
    """When it was done: today means now; an earlier day means its noon."""
    zone: ZoneInfo = setting("workshop_zone")
    now = utc_now()
    day: date = form.date("day")
    if not day or day == local_day(now, zone):
        return now
    if not timedelta(0) < local_day(now, zone) - day <= rules.LATEST_NOTE:
        form.refuse(
            "day",
            "请填今天或前 31 天里的一天；更早的请用“更正”。",
            "Give today or one of the 31 days before; use a correction for what is older.",
        )
    return datetime.combine(day, time(12), zone)


def _team(form: Form, allowed: Mapping[int, str], split: str) -> dict[int, int]:
    team = {}
    for person_id in allowed:
        if not form.ticked(f"in_{person_id}"):
            continue
        if split == rules.EQUAL:
            team[person_id] = 1
        elif split in rules.SPLITS:
            weight = form.count(f"weight_{person_id}", 1, _MOST_PARTS)
            team[person_id] = weight or 1
    if not 1 <= len(team) <= rules.LARGEST_TEAM:
        form.refuse("team", "请选 1 到 30 个人。", "Choose 1 to 30 people.")
    return team
