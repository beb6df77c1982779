"""Changing market quotes: taking rows in, saying what a name is, deciding held ones, typing a price."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from fulfillment.purchasing.quotes import queries, rules
from fulfillment.purchasing.quotes.models import MarketQuote, QuoteName, QuotePhoto
from fulfillment.purchasing.quotes.rules import ACCEPTED, HELD, REFUSED, REPLACED, Kind, QuoteRow, Verdict
from kernel.audit import Actor, record_change
from kernel.errors import Invalid, NotFound, Refused
from kernel.text import Text

MANUAL, XINFADI = "manual", "xinfadi"


@dataclass
class QuoteImport:
    """What became of the rows of a file or feed; each is created, updated or unchanged.

    Of those that are created or updated, some wait for somebody to explain their name, some are flagged as odd, and
    some are kept without being compared.
    """

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    waiting: int = 0
    flagged: int = 0
    not_comparable: int = 0

    def count(self, verdict: Verdict, revision: int) -> None:
        """Count a row that was written."""
        self.created += revision == 1
        self.updated += revision > 1
        self.waiting += verdict.why == rules.UNKNOWN_NAME
        self.flagged += verdict.why in rules.FLAGS
        self.not_comparable += verdict.state == REFUSED


def _lock(session: Session) -> None:
    """One writer at a time, so that "the day has a price" stays true until the row is written; readers go on."""
    session.execute(text("LOCK TABLE market_quotes IN SHARE ROW EXCLUSIVE MODE"))


def add_quotes(session: Session, source: str, rows: Iterable[QuoteRow], *, now: datetime, by: Actor) -> QuoteImport:
    """Keep quotes: accepted when comparable, known by name and not odd; else held for a person (``rules.judge``)."""
    in_order = sorted(rows, key=lambda row: (row.day, row.source_key))
    result = QuoteImport()
    if not in_order:
        return result
    _lock(session)
    book = queries.book(session, source, in_order[0].day, in_order[-1].day)
    new: list[dict[str, object]] = []
    for row in in_order:
        if book.knows(row):
            result.unchanged += 1
            continue
        verdict, revision = book.take(row)
        result.count(verdict, revision)
        new.append(
            _values(source, row, book.kind_of(row), verdict, revision) | {"entered_at": now, "entered_by": by.name}
        )
    _replace(session, MarketQuote.id.in_(book.replaced))
    if new:
        session.execute(insert(MarketQuote), new)
    return result


def _values(source: str, row: QuoteRow, kind: Kind | None, verdict: Verdict, revision: int) -> dict[str, object]:
    return {
        "source": source,
        "source_key": row.source_key,
        "revision": revision,
        "market": row.market,
        "name": row.name,
        "source_form": row.form,
        "source_grade": row.grade,
        "product": kind and kind.product,
        "form": kind and kind.form,
        "grade": kind and kind.grade,
        "day": row.day,
        "low_fen": row.low_fen,
        "high_fen": row.high_fen,
        "fen_per_kg": row.fen_per_kg,
        "unit": row.unit,
        "comparable": row.comparable,
        "state": verdict.state,
        "why": verdict.why,
    }


def _replace(session: Session, *which: ColumnElement[bool]) -> None:
    session.execute(update(MarketQuote).where(*which).values(state=REPLACED))


def _replace_price_of_day(session: Session, market: str, kind: Kind, day: date) -> None:
    """Take the day's accepted price back; deliveries that used it keep their copy."""
    _replace(
        session,
        MarketQuote.market == market,
        *queries.is_of(kind),
        MarketQuote.day == day,
        MarketQuote.state == ACCEPTED,
    )


def name_quotes(
    session: Session,
    *,
    source: str,
    name: str,
    form: str,
    grade: str,
    kind: Kind | None,
    now: datetime,
    by: Actor,
) -> int:
    """Say what a source's name is (``kind`` none: nothing that we buy) and judge its waiting rows again.

    Returns how many rows that touched.
    """
    _lock(session)
    ours = {"product": kind and kind.product, "form": kind and kind.form, "grade": kind and kind.grade}
    key = {"source": source, "name": name, "source_form": form, "source_grade": grade}
    session.execute(upsert(QuoteName).values(key | ours).on_conflict_do_update(index_elements=list(key), set_=ours))
    waiting = session.scalars(
        select(MarketQuote)
        .filter_by(**key, state=HELD)
        .where(MarketQuote.product.is_(None))
        .order_by(MarketQuote.day, MarketQuote.id)
    ).all()
    for quote in waiting:
        _judge_again(session, quote, kind)
    record_change(
        session, actor=by, action="quote.named", subject=f"quote_name:{source}/{name}", at=now, after={**key, **ours}
    )
    return len(waiting)


def _judge_again(session: Session, quote: MarketQuote, kind: Kind | None) -> None:
    if kind is None:
        quote.state, quote.why = REFUSED, rules.NOT_OURS
        session.flush()
        return
    quote.product, quote.form, quote.grade = kind.product, kind.form, kind.grade
    if quote.why == rules.UNKNOWN_NAME:
        has_price = queries.price_of_day(session, quote.market, kind, quote.day) is not None
        is_odd = rules.is_jump(quote.fen_per_kg, queries.recent_prices(session, kind, quote.market, quote.day))
        quote.why = rules.JUMP if is_odd else rules.DAY_HAS_PRICE if has_price else ""
        quote.state = HELD if quote.why else ACCEPTED
    session.flush()


def accept_quote(session: Session, quote_id: int, *, now: datetime, by: Actor) -> MarketQuote:
    """A person accepts a held quote; it replaces the day's earlier price. One that is decided stays as it is."""
    _lock(session)
    quote = _held(session, quote_id)
    if quote.state == HELD:
        kind = queries.kind_of(quote)
        if kind is None or not quote.comparable:
            raise Refused("先说明它是哪个产品。", "Say first which product it is.", code="unknown_name")
        _replace_price_of_day(session, quote.market, kind, quote.day)
        _decide(session, quote, ACCEPTED, now, by)
    return quote


def refuse_quote(session: Session, quote_id: int, *, now: datetime, by: Actor) -> MarketQuote:
    """A person refuses a held quote: it is kept, and never used. One that is decided stays as it is."""
    _lock(session)
    quote = _held(session, quote_id)
    if quote.state == HELD:
        _decide(session, quote, REFUSED, now, by)
    return quote


def _held(session: Session, quote_id: int) -> MarketQuote:
    locked = select(MarketQuote).where(MarketQuote.id == quote_id).with_for_update()
    quote = session.scalar(locked.execution_options(populate_existing=True))
    if quote is None:
        raise NotFound("没有这条行情。", "There is no such quote.")
    return quote


def _decide(session: Session, quote: MarketQuote, state: str, now: datetime, by: Actor) -> None:
    quote.state = state
    session.flush()
    record_change(
        session,
        actor=by,
        action=f"quote.{state}",
        subject=f"quote:{quote.id}",
        at=now,
        before={"why": quote.why},
        after={"fen_per_kg": quote.fen_per_kg},
    )


@dataclass(frozen=True)
class TypedPrice:
    """A price that a person read off a board: fen per kg of one kind at one market on one day."""

    market: str
    kind: Kind
    day: date
    fen_per_kg: int


def type_quote(session: Session, typed: TypedPrice, *, is_sure: bool, now: datetime, by: Actor) -> MarketQuote:
    """Accept a typed price; it replaces the day's earlier one, which deliveries keep. The same again changes nothing.

    Raises:
        Invalid: far from the last weeks' prices, and the person has not said that it is right.
    """
    _lock(session)
    today = queries.price_of_day(session, typed.market, typed.kind, typed.day)
    if today is not None and today.fen_per_kg == typed.fen_per_kg:
        return today
    recent = queries.recent_prices(session, typed.kind, typed.market, typed.day)
    if not is_sure and rules.is_jump(typed.fen_per_kg, recent):
        raise Invalid(
            "这个价和最近的差得太多，请再看一眼。",
            "That is far from the last weeks' prices. Please look again.",
            code="jump",
            fields={
                "price": Text(
                    "和最近的价差得太多。没错的话，勾上下面的“没打错”。",
                    "Far from the last weeks' prices. If it is right, tick “it is right” below.",
                )
            },
        )
    _replace_price_of_day(session, typed.market, typed.kind, typed.day)
    quote = _typed_quote(session, typed, now, by)
    session.add(quote)
    session.flush()
    record_change(
        session,
        actor=by,
        action="quote.typed",
        subject=f"quote:{quote.id}",
        at=now,
        after={"fen_per_kg": typed.fen_per_kg},
    )
    return quote


def _typed_quote(session: Session, typed: TypedPrice, now: datetime, by: Actor) -> MarketQuote:
    kind = typed.kind
    key = f"typed|{typed.market}|{kind.product}|{kind.form}|{kind.grade}|{typed.day}"
    return MarketQuote(
        source=MANUAL,
        source_key=key,
        revision=queries.newest_revision(session, MANUAL, key) + 1,
        market=typed.market,
        name=kind.product,
        source_form=kind.form,
        source_grade=kind.grade,
        product=kind.product,
        form=kind.form,
        grade=kind.grade,
        day=typed.day,
        low_fen=typed.fen_per_kg,
        high_fen=typed.fen_per_kg,
        fen_per_kg=typed.fen_per_kg,
        unit="元/公斤",
        comparable=True,
        state=ACCEPTED,
        entered_at=now,
        entered_by=by.name,
    )


def keep_photo(session: Session, quote_id: int, jpeg: bytes, *, now: datetime, by: Actor) -> None:
    """Keep the photo of the board beside a typed price; the first one stays."""
    values = {"quote_id": quote_id, "jpeg": jpeg, "at": now, "by": by.name}
    session.execute(upsert(QuotePhoto).values(values).on_conflict_do_nothing())
