"""A small village to buy from: a grower, a contract, today's price."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import count

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import workflows
from fulfillment.purchasing.growers.contract_service import ContractTerms, create_contract
from fulfillment.purchasing.growers.models import Contract, Farmer, Grade
from fulfillment.purchasing.growers.service import FarmerFacts, add_farmer
from fulfillment.purchasing.models import Delivery
from fulfillment.purchasing.quotes.models import MarketQuote
from fulfillment.purchasing.quotes.rules import Kind
from fulfillment.purchasing.quotes.service import TypedPrice, type_quote
from fulfillment.purchasing.service import WeighIn
from kernel.audit import Actor
from shop.catalog.models import Product, Variant
from shop.stock.models import StockLevel, StockMovement
from tests.world import NOW, make_variant

TODAY = date(2026, 11, 24)
WEIGHER = Actor(None, "老胡")
MARKET = "庆元香菇市场"
_serial = count(1)


def make_goods(session: Session, bag: Variant | None = None) -> tuple[Variant, Variant]:
    """A bag of 250 g, or the given one, and the raw goods it is filled from, with the grades 一级 and 二级 (less 8 %)."""
    bag = bag or make_variant(session, net_g=250)
    product = session.get_one(Product, bag.product_id)
    raw = Variant(
        product_id=product.id,
        sku=f"RAW-{bag.sku}",
        spec_zh="散货",
        spec_en="loose",
        unit="gram",
        price_fen=0,
        net_g=1,
        gross_g=1,
        sellable=False,
    )
    session.add(raw)
    for name, bps in (("一级", 0), ("二级", 800)):
        session.add(Grade(product=product.slug, form="dry", name=name, deduction_bps=bps))
    session.flush()
    return bag, raw


def make_farmer(session: Session, name: str = "吴长根", **facts: object) -> Farmer:
    number = next(_serial)
    known = FarmerFacts(name, name, f"1390000{number:04d}", "松源街道")
    return add_farmer(session, replace(known, **facts), now=NOW, by=WEIGHER)


def make_contract(
    session: Session, farmer: Farmer | None = None, raw: Variant | None = None, **terms: object
) -> Contract:
    """A contract for 100 kg at market plus 12 %, floor 60 yuan, quotes up to 3 days old, standard moisture 13 %."""
    raw = raw or make_goods(session)[1]
    usual = ContractTerms(
        farmer_id=(farmer or make_farmer(session)).id,
        variant_id=raw.id,
        product=raw.product.slug,
        form="dry",
        grade="一级",
        season_start=TODAY - timedelta(days=30),
        season_end=TODAY + timedelta(days=60),
        agreed_g=100_000,
        tolerance_bps=1_000,
        premium_bps=1_200,
        floor_fen_per_kg=6_000,
        quote_days=3,
        market=MARKET,
        standard_moisture_bps=1_300,
        reject_above_bps=1_800,
        payment_days=7,
    )
    return create_contract(session, replace(usual, **terms), now=NOW, by=WEIGHER)


def kind_of(contract: Contract) -> Kind:
    return Kind(contract.product, contract.form, contract.grade)


def make_quote(
    session: Session, contract: Contract, fen_per_kg: int = 8_000, *, day: date = TODAY, market: str = MARKET
) -> MarketQuote:
    typed = TypedPrice(market, kind_of(contract), day, fen_per_kg)
    return type_quote(session, typed, is_sure=True, now=NOW, by=WEIGHER)


def weighed(contract: Contract, **changes: object) -> WeighIn:
    """42.5 kg net, dry enough, clean, first grade, with its certificate."""
    usual = WeighIn(
        contract_id=contract.id,
        day=TODAY,
        gross_g=43_700,
        tare_g=1_200,
        moisture_bps=1_300,
        foreign_bps=0,
        grade="一级",
        has_certificate=True,
    )
    return replace(usual, **changes)


def weigh_in(session: Session, facts: WeighIn, key: str | None = None) -> Delivery:
    """Write a delivery as the view does."""
    key = key or f"slip-{next(_serial):08d}"
    return workflows.weigh_in(session, facts, key=key, today=TODAY, now=NOW, by=WEIGHER)


def grams_on_hand(session: Session, variant_id: int) -> int:
    return session.get_one(StockLevel, variant_id).on_hand


def grams_in_ledger(session: Session, variant_id: int) -> int:
    moved = select(func.sum(StockMovement.on_hand_change)).where(StockMovement.variant_id == variant_id)
    return int(session.scalar(moved) or 0)
