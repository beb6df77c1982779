"""Demo contracts: one amended with its signed copy, one with a median rule, one to renew. All names are invented."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from io import BytesIO
from zoneinfo import ZoneInfo

from PIL import Image, ImageDraw, ImageFont
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import workflows
from fulfillment.labels.fonts import FONTS
from fulfillment.purchasing.growers.contract_service import (
    Amendment,
    ContractTerms,
    amend_contract,
    create_contract,
    promise_of,
    renewal_terms,
)
from fulfillment.purchasing.growers.models import Contract, Farmer
from fulfillment.purchasing.growers.paper_service import add_pages
from fulfillment.purchasing.growers.rules import SAME_TERMS
from fulfillment.purchasing.growers.service import FarmerFacts, add_farmer
from fulfillment.purchasing.service import WeighIn
from kernel.audit import Actor
from kernel.clock import local_day
from kernel.photos import read_photo

_ZONE = ZoneInfo("Asia/Shanghai")


def load(session: Session, actors: dict[str, Actor], now: datetime) -> None:
    """Add them; the contracts of the first growers are there, and those who bring slowly are behind."""
    owner, weigher = actors["owner"], actors["weigher"]
    today = local_day(now, _ZONE)
    huagu, _, hougu, bogu = session.scalars(select(Contract).order_by(Contract.id).limit(4))
    _sign(session, hougu, now - timedelta(days=60), owner)
    _amend(session, hougu, today, now, owner)
    median = replace(_like(huagu), quote_days=9, median_days=5, over_rule=SAME_TERMS, agreed_g=260_000)
    spring = _new_grower(session, "季春兰", "五大堡乡", median, now, owner)
    ending = replace(
        _like(bogu),
        agreed_g=80_000,
        season_start=today - timedelta(days=150),
        season_end=today + timedelta(days=21),
    )
    old = _new_grower(session, "毛天成", "岭头乡", ending, now, owner)
    for contract, days_back, gross_g in ((spring, 6, 61_200), (spring, 1, 52_700), (old, 18, 41_300), (old, 3, 36_900)):
        facts = WeighIn(
            contract_id=contract.id,
            day=today - timedelta(days=days_back),
            gross_g=gross_g,
            tare_g=1_200,
            moisture_bps=1_290,
            foreign_bps=0,
            grade=contract.grade,
            has_certificate=True,
        )
        at = now - timedelta(days=days_back)
        key = f"demo-contract-{contract.id}-{days_back}"
        workflows.weigh_in(session, facts, key=key, today=facts.day, now=at, by=weigher)


def _like(contract: Contract) -> ContractTerms:
    """The same terms for somebody else, in the same season."""
    terms = renewal_terms(contract)
    return replace(terms, season_start=contract.season_start, season_end=contract.season_end, renews_id=None)


def _new_grower(session: Session, name: str, village: str, terms: ContractTerms, now: datetime, by: Actor) -> Contract:
    number = session.scalars(select(Farmer.id).order_by(Farmer.id.desc()).limit(1)).one()
    facts = FarmerFacts(name, name, f"1390001{number:04d}", village, consent_shown=True)
    farmer = add_farmer(session, facts, now=now, by=by)
    contract = create_contract(session, replace(terms, farmer_id=farmer.id), now=now, by=by)
    _sign(session, contract, now, by)
    return contract


def _amend(session: Session, contract: Contract, today: date, now: datetime, by: Actor) -> None:
    """Two percent more from tomorrow on, and more of it; what came keeps the old premium."""
    promise = replace(promise_of(contract), premium_bps=1_200, agreed_g=contract.agreed_g + 200_000, payment_days=7)
    amendment = Amendment(contract.version, today + timedelta(days=1), promise, "今年菇好，多收一些，溢价加两个点")
    amend_contract(session, contract.id, amendment, today=today, now=now, by=by)


def _sign(session: Session, contract: Contract, at: datetime, by: Actor) -> None:
    """A picture in place of the signed paper, marked as an example."""
    paper = Image.new("RGB", (1_060, 1_500), "#fffdf8")
    draw, font = ImageDraw.Draw(paper), ImageFont.truetype(FONTS / "GongfangSans-Regular.ttf", 46)
    words = (
        "农产品收购合同（示例）",
        f"合同号 {contract.id}-{contract.version}",
        f"乙方  {contract.farmer.name}",
        "甲方  已盖章",
        "乙方  已签字",
    )
    for line, text in enumerate(words):
        draw.text((120, 140 + 220 * line), text, fill="#222222", font=font)
    draw.ellipse((640, 900, 940, 1_200), outline="#a3230f", width=8)
    into = BytesIO()
    paper.save(into, "JPEG", quality=85)
    add_pages(session, contract.id, contract.version, [read_photo(into.getvalue())], now=at, by=by)
