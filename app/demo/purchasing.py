"""Demo growers of Qingyuan's towns, their contracts, three weeks of prices and some weigh-ins. All names are invented."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app import workflows
from fulfillment.purchasing import service
from fulfillment.purchasing.models import Grade, QuoteName
from fulfillment.purchasing.service import WeighIn
from kernel.audit import Actor
from shop.catalog.models import Variant

MARKET = "庆元香菇市场"

# Product, form, its grades with what each takes off, the raw SKU, market price (fen per kg), floor.
_GOODS = (
    ("huagu", "dry", (("花菇一级", 0), ("花菇二级", 800), ("花菇三级", 1_600)), "RAW-HG-1", 15_600, 12_000),
    ("hougu", "dry", (("厚菇一级", 0), ("厚菇二级", 700)), "RAW-HOU-1", 11_200, 9_000),
    ("bogu", "dry", (("薄菇二级", 0), ("薄菇三级", 900)), "RAW-BAO-2", 8_400, 6_500),
    ("muer", "dry", (("一级", 0), ("二级", 800)), "RAW-HME-1", 9_200, 7_000),
    ("xianggu-fresh", "fresh", (("鲜香菇", 0), ("开伞", 1_500)), "RAW-XG-FRESH", 950, 800),
)

# Name, shown name, town, initials, product, kilograms, premium, consent.
_FARMERS = (
    ("吴长根", "吴家菇棚", "松源街道", "wcg", "huagu", 1_200, 1_200, True),
    ("叶水生", "叶叔", "百山祖镇", "yss", "huagu", 800, 1_500, True),
    ("练小娟", "小娟", "荷地镇", "lxj", "hougu", 1_500, 1_000, True),
    ("胡德法", "老胡菇场", "黄田镇", "hdf", "bogu", 2_000, 1_000, False),
    ("周月仙", "月仙", "竹口镇", "zyx", "muer", 600, 1_250, True),
    ("范土生", "范师傅", "左溪镇", "fts", "xianggu-fresh", 5_000, 1_000, True),
)


def load(session: Session, actors: dict[str, Actor], variants: dict[str, Variant], now: datetime) -> None:
    """Add growers, contracts, quotes and deliveries."""
    weigher, owner = actors["weigher"], actors["owner"]
    today = now.date()
    for product, form, grades, _, fen_per_kg, _ in _GOODS:
        session.add_all(Grade(product=product, form=form, name=name, deduction_bps=bps) for name, bps in grades)
        session.flush()
        for back in range(21, -1, -1):
            # A gentle walk of the price, so that the curve looks like a market.
            moved = fen_per_kg + fen_per_kg * ((back * 7) % 11 - 5) // 200
            service.type_quote(
                session,
                market=MARKET,
                product=product,
                form=form,
                grade=grades[0][0],
                day=today - timedelta(days=back),
                fen_per_kg=moved,
                now=now,
                by=weigher,
            )
    _name_feeds(session)
    by_product = {good[0]: good for good in _GOODS}
    for index, (name, shown, town, initials, product, kilograms, premium, consent) in enumerate(_FARMERS):
        farmer = service.add_farmer(
            session,
            name=name,
            shown_name=shown,
            phone=f"1390000{index:04d}",
            village=town,
            initials=initials,
            consent_shown=consent,
            now=now,
            by=owner,
        )
        _, form, grades, sku, _, floor = by_product[product]
        contract = service.create_contract(
            session,
            farmer_id=farmer.id,
            variant_id=variants[sku].id,
            product=product,
            form=form,
            grade=grades[0][0],
            season_start=today - timedelta(days=60),
            season_end=today + timedelta(days=150),
            agreed_g=kilograms * 1_000,
            tolerance_bps=1_000,
            premium_bps=premium,
            floor_fen_per_kg=floor,
            quote_days=3,
            market=MARKET,
            standard_moisture_bps=1_300 if form == "dry" else 9_000,
            reject_above_bps=1_800 if form == "dry" else None,
            payment_days=7,
            now=now,
            by=owner,
        )
        facts = WeighIn(
            contract_id=contract.id,
            day=today,
            gross_g=52_400 + index * 3_150,
            tare_g=1_200,
            moisture_bps=1_340 if form == "dry" else 8_900,
            foreign_bps=50,
            grade=grades[index % len(grades)][0],
            has_certificate=index != 3,
        )
        workflows.weigh_in(session, facts, key=f"demo-{index}", today=today, now=now, by=weigher)


def _name_feeds(session: Session) -> None:
    """What the feed and the price file call our goods: exact names only."""
    session.add(QuoteName(source="xinfadi", name="香菇", product="xianggu-fresh", form="fresh", grade="鲜香菇"))
    session.add(QuoteName(source="manual", name="花菇", product="huagu", form="dry", grade="花菇一级"))
    session.add(QuoteName(source="manual", name="香菇", product="hougu", form="dry", grade="厚菇一级"))
    session.flush()
