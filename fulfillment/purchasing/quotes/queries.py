"""Reading market quotes."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from statistics import median

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from fulfillment.purchasing.quotes.models import MarketQuote, QuoteFetch, QuoteName, QuotePhoto
from fulfillment.purchasing.quotes.rules import ACCEPTED, HELD, RECENT, UNKNOWN_NAME, Book, Kept, Kind, SourceName
from kernel.money import round_half_up


def book(session: Session, source: str, first_day: date, last_day: date) -> Book:
    """All that judging a source's rows of these days needs, read at once."""
    return Book(
        source=source,
        names=_names(session, source),
        kept=_kept(session, source, first_day, last_day),
        priced=_priced(session, first_day, last_day),
        series=_series(session, first_day, last_day),
    )


def _names(session: Session, source: str) -> dict[SourceName, Kind | None]:
    return {
        (row.name, row.source_form, row.source_grade): kind_of(row)
        for row in session.scalars(select(QuoteName).where(QuoteName.source == source))
    }


def kind_of(row: QuoteName | MarketQuote) -> Kind | None:
    """What a name or a quote is for us, if it is ours."""
    if row.product is None or row.form is None or row.grade is None:
        return None
    return Kind(row.product, row.form, row.grade)


def _kept(session: Session, source: str, first_day: date, last_day: date) -> dict[str, Kept]:
    rows = session.execute(
        select(
            MarketQuote.source_key,
            MarketQuote.id,
            MarketQuote.revision,
            MarketQuote.state,
            MarketQuote.low_fen,
            MarketQuote.high_fen,
            MarketQuote.fen_per_kg,
            MarketQuote.unit,
        )
        .where(MarketQuote.source == source, MarketQuote.day.between(first_day, last_day))
        .order_by(MarketQuote.revision)
    )
    # Later revisions of a key overwrite earlier ones.
    return {row.source_key: Kept(*row[1:]) for row in rows}


def _priced(session: Session, first_day: date, last_day: date) -> dict[tuple[str, Kind, date], tuple[str, str]]:
    rows = session.execute(
        select(
            MarketQuote.market,
            MarketQuote.product,
            MarketQuote.form,
            MarketQuote.grade,
            MarketQuote.day,
            MarketQuote.source,
            MarketQuote.source_key,
        ).where(MarketQuote.state == ACCEPTED, MarketQuote.day.between(first_day, last_day))
    )
    return {
        (market, Kind(product, form, grade), day): (source, key)
        for market, product, form, grade, day, source, key in rows
        if product and form and grade
    }


def _series(
    session: Session, first_day: date, last_day: date
) -> dict[tuple[str, Kind | SourceName], list[tuple[date, int]]]:
    rows = session.scalars(
        select(MarketQuote)
        .where(
            MarketQuote.comparable,
            or_(MarketQuote.state == ACCEPTED, MarketQuote.why == UNKNOWN_NAME),
            MarketQuote.day.between(first_day - RECENT, last_day),
        )
        .order_by(MarketQuote.day)
    )
    series: dict[tuple[str, Kind | SourceName], list[tuple[date, int]]] = defaultdict(list)
    for row in rows:
        name = (row.name, row.source_form, row.source_grade)
        series[row.market, kind_of(row) or name].append((row.day, row.fen_per_kg))
    return series


def recent_prices(session: Session, kind: Kind, market: str, before: date) -> list[int]:
    """Accepted prices of one kind at one market in the weeks before a day, in fen per kg."""
    return list(
        session.scalars(
            select(MarketQuote.fen_per_kg).where(
                MarketQuote.state == ACCEPTED,
                MarketQuote.market == market,
                *is_of(kind),
                MarketQuote.day < before,
                MarketQuote.day >= before - RECENT,
            )
        )
    )


def price_of_day(session: Session, market: str, kind: Kind, day: date) -> MarketQuote | None:
    """The accepted price of a kind at a market on a day."""
    return session.scalar(
        select(MarketQuote).where(
            MarketQuote.state == ACCEPTED, MarketQuote.market == market, *is_of(kind), MarketQuote.day == day
        )
    )


def newest_revision(session: Session, source: str, source_key: str) -> int:
    """How often a source has given a price under one key; 0 when never."""
    newest = select(func.max(MarketQuote.revision)).where(
        MarketQuote.source == source, MarketQuote.source_key == source_key
    )
    return session.scalar(newest) or 0


def is_of(kind: Kind) -> tuple[ColumnElement[bool], ...]:
    """The condition that a quote is of one kind."""
    return (MarketQuote.product == kind.product, MarketQuote.form == kind.form, MarketQuote.grade == kind.grade)


def accepted(session: Session, kind: Kind, *, market: str | None, first: date, last: date) -> Sequence[MarketQuote]:
    """The accepted quotes of one kind in some days, oldest first; ``market`` none: of every market."""
    wanted = select(MarketQuote).where(
        MarketQuote.state == ACCEPTED, *is_of(kind), MarketQuote.day.between(first, last)
    )
    if market:
        wanted = wanted.where(MarketQuote.market == market)
    return session.scalars(wanted.order_by(MarketQuote.day, MarketQuote.id)).all()


def markets(session: Session) -> list[str]:
    """Every market that an accepted quote came from."""
    found = select(MarketQuote.market).where(MarketQuote.state == ACCEPTED).distinct().order_by(MarketQuote.market)
    return list(session.scalars(found))


def photo_of(session: Session, quote_id: int) -> bytes | None:
    """The photo of the board that a price was read off, a JPEG."""
    photo = session.get(QuotePhoto, quote_id)
    return photo.jpeg if photo else None


def with_photo(session: Session, quote_ids: Collection[int]) -> frozenset[int]:
    """Which of these quotes have a photo."""
    found = session.scalars(select(QuotePhoto.quote_id).where(QuotePhoto.quote_id.in_(quote_ids)))
    return frozenset(found)


def priced_days(session: Session, kind: Kind, market: str | None, first: date, last: date) -> list[date]:
    """The days that have an accepted price of a kind; ``market`` none: at any market."""
    return sorted({quote.day for quote in accepted(session, kind, market=market, first=first, last=last)})


@dataclass(frozen=True)
class OddQuote:
    """A held quote of ours with what it is compared to: the usual price and the one the day has, in fen per kg."""

    quote: MarketQuote
    kind: Kind
    usual_fen: int | None
    price_of_day: MarketQuote | None


def odd(session: Session, most: int = 30) -> list[OddQuote]:
    """Held quotes of our own kinds, which a person decides one by one, newest day first."""
    rows = session.scalars(
        select(MarketQuote)
        .where(MarketQuote.state == HELD, MarketQuote.product.is_not(None))
        .order_by(MarketQuote.day.desc(), MarketQuote.id.desc())
        .limit(most)
    )
    return [_odd(session, row, kind) for row in rows if (kind := kind_of(row))]


def _odd(session: Session, quote: MarketQuote, kind: Kind) -> OddQuote:
    recent = recent_prices(session, kind, quote.market, quote.day)
    usual = round_half_up(Decimal(median(recent))) if recent else None
    return OddQuote(quote, kind, usual, price_of_day(session, quote.market, kind, quote.day))


@dataclass(frozen=True)
class UnknownName:
    """A name that a source uses and nobody has explained yet, with how often and what it last cost."""

    source: str
    name: str
    form: str
    grade: str
    rows: int
    odd_rows: int
    newest_day: date
    fen_per_kg: int


def unknown_names(session: Session, most: int = 200) -> list[UnknownName]:
    """Names that wait for a person, the most frequent first."""
    name = (MarketQuote.source, MarketQuote.name, MarketQuote.source_form, MarketQuote.source_grade)
    rows = session.execute(
        select(
            *name,
            func.count(),
            func.count().filter(MarketQuote.why != UNKNOWN_NAME),
            func.max(MarketQuote.day),
            func.array_agg(aggregate_order_by(MarketQuote.fen_per_kg, MarketQuote.day.desc()))[1],
        )
        .where(MarketQuote.state == HELD, MarketQuote.product.is_(None))
        .group_by(*name)
        .order_by(func.count().desc(), MarketQuote.name)
        .limit(most)
    )
    return [UnknownName(*row) for row in rows]


@dataclass(frozen=True)
class Waiting:
    """How much waits for a person: odd rows of our kinds, and names nobody has explained."""

    odd: int
    names: int


def waiting(session: Session) -> Waiting:
    """What a person has to decide about quotes."""
    name = func.concat_ws("|", MarketQuote.source, MarketQuote.name, MarketQuote.source_form, MarketQuote.source_grade)
    odd_rows, names = session.execute(
        select(
            func.count().filter(MarketQuote.product.is_not(None)),
            func.count(name.distinct()).filter(MarketQuote.product.is_(None)),
        ).where(MarketQuote.state == HELD)
    ).one()
    return Waiting(odd_rows, names)


def last_fetch(session: Session, source: str, *, good: bool = False) -> QuoteFetch | None:
    """The latest look at a feed; ``good`` leaves out those that failed."""
    wanted = select(QuoteFetch).where(QuoteFetch.source == source).order_by(QuoteFetch.id.desc()).limit(1)
    return session.scalar(wanted.where(QuoteFetch.error == "") if good else wanted)
