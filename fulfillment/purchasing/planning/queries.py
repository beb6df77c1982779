"""The plan as pages show it: demand and supply by product, what to say about it, what may be sold ahead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from sqlalchemy import select
from sqlalchemy.orm import Session

from fulfillment.purchasing.growers.models import Contract
from fulfillment.purchasing.planning import reading
from fulfillment.purchasing.planning.models import Forecast, ForecastWeek, ProductForecast
from fulfillment.purchasing.planning.reading import Bag, Stock
from fulfillment.purchasing.planning.rules import Keeping, Outlook, Promise, Range, presale_g, supply, warn, weeks_from
from shop.catalog.models import Product, Variant


@dataclass(frozen=True)
class ProductPlan:
    """One product's coming weeks, in grams: what will be sold, what contracts bring, what lies in the house."""

    product: Product
    method: str
    first_sold: date | None
    sold_g: Sequence[int]
    ways_g: Mapping[str, int]
    weeks: Sequence[date]
    demand: Sequence[Range]
    coming: Sequence[Range]
    stock: Stock
    promises: Sequence[tuple[Contract, Promise]]
    bags: Sequence[Bag]

    @cached_property
    def outlook(self) -> Outlook | None:
        """What runs short or lies over; ``None`` too where nothing is known of what will be sold."""
        if self.method == "none":
            return None
        return warn(self.stock.grams, self.demand, self.coming, self.weeks)

    @property
    def rest_g(self) -> int:
        """What contracts still promise."""
        return sum(promise.rest_g for _, promise in self.promises)

    @property
    def promised_low_g(self) -> int:
        """What comes in these weeks in nine cases of ten."""
        return sum(week.low_g for week in self.coming)

    @property
    def offered_g(self) -> int:
        """What streams to come offer beyond what is in stock."""
        return sum(bag.beyond * bag.grams for bag in self.bags)

    @property
    def presale_g(self) -> int:
        """What may still be sold ahead."""
        return presale_g(self.promised_low_g, self.rest_g, self.offered_g)

    def presale_bags(self, variant_id: int) -> int:
        """The same in whole bags of a size; nothing where it is no bag of this product."""
        return next((self.presale_g // bag.grams for bag in self.bags if bag.variant_id == variant_id), 0)


@dataclass(frozen=True)
class Plan:
    """Everything of the planning page; ``forecast`` is the newest one that was made, ``running`` one that is being made."""

    forecast: Forecast | None
    running: Forecast | None
    keeping: Keeping
    products: Sequence[ProductPlan]


def newest_forecast(session: Session) -> Forecast | None:
    """The newest forecast that was made."""
    made = select(Forecast).where(Forecast.made_at.is_not(None))
    return session.scalar(made.order_by(Forecast.made_at.desc(), Forecast.id.desc()).limit(1))


def running_forecast(session: Session) -> Forecast | None:
    """A forecast that is being made."""
    return session.scalar(
        select(Forecast).where(Forecast.made_at.is_(None)).order_by(Forecast.asked_at.desc()).limit(1)
    )


def read_plan(session: Session, today: date, product_id: int | None = None) -> Plan:
    """The plan of all products that farmers bring or that were sold (or of one): forecasts of the last night, all else as of now."""
    forecast = newest_forecast(session)
    known = _forecasts(session, forecast)
    promises, stock = reading.promises_by_product(session, today), reading.stock_by_product(session, today)
    bags = reading.bags_by_product(session, today, product_id)
    keeping = reading.keeping(session, today)
    weeks = weeks_from(today)
    wanted = {*known, *promises} if product_id is None else {product_id}
    products = session.scalars(select(Product).where(Product.id.in_(wanted)).order_by(Product.id))
    raw = set(session.scalars(select(Variant.product_id).where(Variant.unit == "gram")))
    plans = []
    for product in products:
        if product.id not in raw:
            continue
        made, demand = known.get(product.id, (None, {}))
        running = promises.get(product.id, [])
        plans.append(
            ProductPlan(
                product,
                made.method if made else "none",
                made.first_sold if made else None,
                made.sold_g if made else [],
                made.ways_g if made else {},
                weeks,
                [demand.get(week, _last_known(demand)) for week in weeks],
                supply([promise for _, promise in running], keeping, weeks, today),
                stock.get(product.id, Stock(0, 0)),
                running,
                bags.get(product.id, []),
            )
        )
    return Plan(forecast, running_forecast(session), keeping, plans)


def _last_known(demand: dict[date, Range]) -> Range:
    """For a week after the last one that was worked out (the forecast is some days old): as that one."""
    return demand[max(demand)] if demand else Range(0, 0, 0)


def _forecasts(session: Session, forecast: Forecast | None) -> dict[int, tuple[ProductForecast, dict[date, Range]]]:
    if forecast is None:
        return {}
    made = session.scalars(select(ProductForecast).where(ProductForecast.forecast_id == forecast.id))
    found: dict[int, tuple[ProductForecast, dict[date, Range]]] = {row.product_id: (row, {}) for row in made}
    for row in session.scalars(select(ForecastWeek).where(ForecastWeek.forecast_id == forecast.id)):
        found[row.product_id][1][row.week] = Range(row.low_g, row.mid_g, row.high_g)
    return found


@dataclass(frozen=True)
class PresaleAdvice:
    """For one bag: how many may be sold before they are here, and why no more; grams besides."""

    bags: int
    presale_g: int
    promised_low_g: int
    rest_g: int
    offered_g: int


def presale_advice(session: Session, variant_id: int, today: date) -> PresaleAdvice | None:
    """What a streamer may offer of a bag beyond stock; ``None`` where no contract brings its product."""
    variant = session.get_one(Variant, variant_id)
    plans = read_plan(session, today, variant.product_id).products
    if not plans or not plans[0].promises:
        return None
    plan = plans[0]
    return PresaleAdvice(
        plan.presale_bags(variant_id), plan.presale_g, plan.promised_low_g, plan.rest_g, plan.offered_g
    )


def presale_bags(session: Session, today: date) -> dict[int, int]:
    """How many of each bag may still be sold ahead, for all bags whose product a contract brings."""
    plans = [plan for plan in read_plan(session, today).products if plan.promises]
    return {bag.variant_id: plan.presale_bags(bag.variant_id) for plan in plans for bag in plan.bags}
