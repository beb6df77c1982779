"""Demo growers of Qingyuan's towns, their contracts, three weeks of prices and some weigh-ins. All names are invented."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app import workflows
from fulfillment.purchasing.growers.contract_service import ContractTerms, create_contract
from fulfillment.purchasing.growers.models import Contract, Grade
from fulfillment.purchasing.growers.service import FarmerFacts, add_farmer
from fulfillment.purchasing.lots.service import bag_lot
from fulfillment.purchasing.models import Delivery
from fulfillment.purchasing.queries import payable_of
from fulfillment.purchasing.quotes import service as quotes
from fulfillment.purchasing.quotes import xinfadi
from fulfillment.purchasing.quotes.models import QuoteName
from fulfillment.purchasing.quotes.rules import Kind, Prices, QuoteRow, quote_row
from fulfillment.purchasing.service import WeighIn
from fulfillment.purchasing.settlements.service import Payment, settle
from kernel.audit import Actor
from kernel.clock import local_day
from shop.catalog.models import Variant

MARKET = "庆元香菇市场"
_ZONE = ZoneInfo("Asia/Shanghai")
_WEEKS_BACK = 21


@dataclass(frozen=True)
class _Good:
    """What farmers bring: its grades with what each takes off (basis points), a market price and a floor (fen per kg)."""

    product: str
    form: str
    grades: tuple[tuple[str, int], ...]
    raw_sku: str
    bag_sku: str
    market: str
    fen_per_kg: int
    floor_fen_per_kg: int
    has_price_today: bool = True

    @property
    def kind(self) -> Kind:
        """What its market price is for: the best grade."""
        return Kind(self.product, self.form, self.grades[0][0])


_GOODS = {
    good.product: good
    for good in (
        _Good(
            "huagu",
            "dry",
            (("花菇一级", 0), ("花菇二级", 800), ("花菇三级", 1_600)),
            "RAW-HG-1",
            "QY-HG-250",
            MARKET,
            15_600,
            12_000,
        ),
        _Good("hougu", "dry", (("厚菇一级", 0), ("厚菇二级", 700)), "RAW-HOU-1", "QY-HOU-500", MARKET, 11_200, 9_000),
        _Good("bogu", "dry", (("薄菇二级", 0), ("薄菇三级", 900)), "RAW-BAO-2", "QY-BAO-500", MARKET, 8_400, 9_600),
        # Nobody has read today's board for this one yet, so that the page has something to ask for.
        _Good(
            "muer",
            "dry",
            (("一级", 0), ("二级", 800)),
            "RAW-HME-1",
            "QY-HME-250",
            MARKET,
            9_200,
            7_000,
            has_price_today=False,
        ),
        # Priced by the feed; the worker fetches the last week.
        _Good(
            "xianggu-fresh",
            "fresh",
            (("鲜香菇", 0), ("开伞", 1_500)),
            "RAW-XG-FRESH",
            "QY-XXG-2500",
            xinfadi.MARKET,
            950,
            800,
        ),
    )
}

# Name, shown name, town, product, kilograms, premium in basis points, consent.
_FARMERS = (
    ("吴长根", "吴家菇棚", "松源街道", "huagu", 1_200, 1_200, True),
    ("叶水生", "叶叔", "百山祖镇", "huagu", 800, 1_500, True),
    ("练小娟", "小娟", "荷地镇", "hougu", 1_500, 1_000, True),
    ("胡德法", "老胡菇场", "黄田镇", "bogu", 2_000, 1_000, False),
    ("周月仙", "月仙", "竹口镇", "muer", 600, 1_250, True),
    ("范土生", "范师傅", "左溪镇", "xianggu-fresh", 5_000, 1_000, True),
)


def load(session: Session, actors: dict[str, Actor], variants: dict[str, Variant], now: datetime) -> None:
    """Add growers, contracts, quotes and deliveries."""
    weigher, owner = actors["weigher"], actors["owner"]
    today = local_day(now, _ZONE)
    for good in _GOODS.values():
        session.add_all(
            Grade(product=good.product, form=good.form, name=name, deduction_bps=bps) for name, bps in good.grades
        )
        session.flush()
    _name_sources(session)
    _load_quotes(session, today, now, weigher)
    for index, (name, shown_name, village, product, kilograms, premium_bps, consent) in enumerate(_FARMERS):
        facts = FarmerFacts(name, shown_name, f"1390000{index:04d}", village, consent_shown=consent)
        farmer = add_farmer(session, facts, now=now, by=owner)
        good = _GOODS[product]
        terms = _terms(farmer.id, variants[good.raw_sku].id, good, kilograms * 1_000, premium_bps, today)
        contract = create_contract(session, terms, now=now, by=owner)
        deliveries = _load_deliveries(session, contract, good, index, today, now, weigher)
        _settle_and_bag(session, deliveries, variants[good.bag_sku].id, now, weigher)


def _name_sources(session: Session) -> None:
    """What the feed and the price file call our goods: exact names only."""
    for source, name, form, grade, product in (
        (quotes.XINFADI, "香菇", "", "", "xianggu-fresh"),
        (quotes.MANUAL, "香菇", "fresh", "统货", "xianggu-fresh"),
        (quotes.MANUAL, "香菇", "dry", "一级", "hougu"),
        (quotes.MANUAL, "花菇", "dry", "特级", "huagu"),
    ):
        kind = _GOODS[product].kind
        ours = {"product": kind.product, "form": kind.form, "grade": kind.grade}
        session.add(QuoteName(source=source, name=name, source_form=form, source_grade=grade, **ours))
    session.flush()


def _load_quotes(session: Session, today: date, now: datetime, by: Actor) -> None:
    days = [today - timedelta(days=back) for back in range(_WEEKS_BACK, -1, -1)]
    for good in _GOODS.values():
        if good.market == xinfadi.MARKET:
            rows = [_feed_row(day, today) for day in days[:-1]]
            quotes.add_quotes(session, quotes.XINFADI, rows, now=now, by=by)
            continue
        for day in days if good.has_price_today else days[:-1]:
            fen_per_kg = good.fen_per_kg + _wave((today - day).days, good.fen_per_kg)
            typed = quotes.TypedPrice(good.market, good.kind, day, fen_per_kg)
            quotes.type_quote(session, typed, is_sure=True, now=now, by=by)


def _wave(days_back: int, fen: int) -> int:
    """A gentle walk of the price, so that the curve looks like a market."""
    return fen * ((days_back * 7) % 11 - 5) // 200


def _feed_row(day: date, today: date) -> QuoteRow:
    """A row as the feed has it; the last week is the sandbox's own, so that fetching it adds nothing."""
    moved = Decimal(_wave((today - day).days, 475) if (today - day).days > 6 else 0) / 100
    prices = Prices(Decimal("3.5") + moved, Decimal("4.75") + moved, Decimal("6.0") + moved)
    return quote_row(
        source_key=f"香菇|斤|冀|{day}",
        market=xinfadi.MARKET,
        name="香菇",
        form="",
        grade="",
        day=day,
        prices=prices,
        unit="元/斤",
    )


def _terms(farmer_id: int, variant_id: int, good: _Good, agreed_g: int, premium_bps: int, today: date) -> ContractTerms:
    is_dry = good.form == "dry"
    return ContractTerms(
        farmer_id=farmer_id,
        variant_id=variant_id,
        product=good.product,
        form=good.form,
        grade=good.kind.grade,
        season_start=today - timedelta(days=60),
        season_end=today + timedelta(days=150),
        agreed_g=agreed_g,
        tolerance_bps=1_000,
        premium_bps=premium_bps,
        floor_fen_per_kg=good.floor_fen_per_kg,
        quote_days=3,
        market=good.market,
        standard_moisture_bps=1_300 if is_dry else 9_000,
        reject_above_bps=1_800 if is_dry else None,
        payment_days=10,
    )


def _load_deliveries(
    session: Session, contract: Contract, good: _Good, index: int, today: date, now: datetime, by: Actor
) -> list[Delivery]:
    """Some weigh-ins of the last weeks and one of today."""
    deliveries = []
    for turn, days_back in enumerate((16, 9, 4, 0)):
        facts = WeighIn(
            contract_id=contract.id,
            day=today - timedelta(days=days_back),
            gross_g=52_400 + index * 3_150 - turn * 4_700,
            tare_g=1_200,
            moisture_bps=1_340 - turn * 30 if good.form == "dry" else 8_900,
            foreign_bps=50,
            grade=good.grades[(index + turn) % len(good.grades)][0],
            has_certificate=index != 3,
        )
        key = f"demo-{index}-{days_back}"
        at = now - timedelta(days=days_back)
        deliveries.append(workflows.weigh_in(session, facts, key=key, today=today, now=at, by=by))
    return deliveries


def _settle_and_bag(session: Session, deliveries: list[Delivery], bag_id: int, now: datetime, by: Actor) -> None:
    """The oldest delivery is paid and bagged to the last full bag; the next is half in bags."""
    oldest, older, *_ = deliveries
    payment = Payment(oldest.farmer_id, frozenset({payable_of(session, oldest.id).id}), "bank", "示例回单 0001")
    settle(session, payment, key=f"demo-pay-{oldest.id}", now=now - timedelta(days=10), by=by)
    net_g = session.get_one(Variant, bag_id).net_g
    for delivery, bags in ((oldest, oldest.net_g // net_g), (older, older.net_g // net_g // 2)):
        bag_lot(
            session,
            delivery.lot.id,
            bag_id,
            bags,
            key=f"demo-bags-{delivery.id}",
            today=delivery.day,
            now=now,
            by=by,
        )
