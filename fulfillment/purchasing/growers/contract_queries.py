"""Reading contracts for the desk: found by words, filtered, page by page, each with how far it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, Select, and_, exists, func, literal, select, tuple_
from sqlalchemy.orm import Session, aliased, undefer

from fulfillment.purchasing.growers.models import Contract, ContractPage
from fulfillment.purchasing.growers.queries import is_found_by
from fulfillment.purchasing.growers.rules import WHOLE, Standing, expected_g

RUNNING, ENDING, BEHIND, UNSIGNED, ALL = "running", "ending", "behind", "unsigned", "all"
FILTERS = (RUNNING, ENDING, BEHIND, UNSIGNED, ALL)

# So many days before the end the next season is talked about.
ENDING_DAYS = timedelta(days=60)

# The place after which a page begins: the end of the season and the id of the last contract before it.
Place = tuple[date, int]


@dataclass(frozen=True)
class Listed:
    """A contract in the list: how far it is, how many signed pages its present terms have, whether it was renewed."""

    contract: Contract
    standing: Standing
    pages: int
    is_renewed: bool


def standing_of(contract: Contract, on: date) -> Standing:
    """How far a contract is on a day."""
    expected = expected_g(contract.agreed_g, contract.season_start, contract.season_end, on)
    return Standing(contract.agreed_g, contract.delivered_g, expected, contract.tolerance_bps)


def listed(
    session: Session,
    *,
    on: date,
    show: str = RUNNING,
    search: str = "",
    after: Place | None = None,
    most: int | None = 40,
) -> list[Listed]:
    """Contracts of one filter by the end of their season, those that end first first; ``most`` none: all of them."""
    wanted = _matching(_filtered(on, show), search).order_by(Contract.season_end, Contract.id).limit(most)
    if after:
        wanted = wanted.where(tuple_(Contract.season_end, Contract.id) > tuple_(literal(after[0]), literal(after[1])))
    return [
        Listed(contract, standing_of(contract, on), pages, is_renewed)
        for contract, pages, is_renewed in session.execute(wanted)
    ]


def counts(session: Session, on: date) -> dict[str, int]:
    """How many contracts each filter has on a day."""
    return {
        show: session.scalar(select(func.count()).select_from(_filtered(on, show).order_by(None).subquery())) or 0
        for show in FILTERS
    }


def _filtered(on: date, show: str) -> Select[Contract, int, bool]:
    pages = (
        select(func.count())
        .where(ContractPage.contract_id == Contract.id, ContractPage.version == Contract.version)
        .correlate(Contract)
        .scalar_subquery()
    )
    later = aliased(Contract)
    renewed = exists().where(later.renews_id == Contract.id, later.active).correlate(Contract)
    wanted = select(Contract, pages.label("signed_pages"), renewed.label("is_renewed")).join(Contract.farmer)
    runs = and_(Contract.active, Contract.season_start <= on, Contract.season_end >= on)
    kept: dict[str, ColumnElement[bool]] = {
        RUNNING: runs,
        ENDING: and_(Contract.active, Contract.season_end.between(on, on + ENDING_DAYS), ~renewed),
        BEHIND: and_(runs, _is_behind(on)),
        UNSIGNED: and_(Contract.active, pages == 0),
    }
    return wanted.where(kept[show]) if show in kept else wanted


def _is_behind(on: date) -> ColumnElement[bool]:
    """The same as :attr:`Standing.is_behind`, for a contract that runs."""
    days = Contract.season_end - Contract.season_start + 1
    expected = func.div(Contract.agreed_g * (literal(on) - Contract.season_start + 1), days)
    return (expected - Contract.delivered_g) * WHOLE > Contract.agreed_g * Contract.tolerance_bps


def _matching(wanted: Select[Contract, int, bool], search: str) -> Select[Contract, int, bool]:
    for word in search.lower().split():
        wanted = wanted.where(
            is_found_by(word)
            | Contract.grade.icontains(word, autoescape=True)
            | Contract.product.icontains(word, autoescape=True)
        )
    return wanted


def pages_of(session: Session, contract_id: int) -> Sequence[ContractPage]:
    """The signed pages of every version of a contract, the newest version's first."""
    wanted = select(ContractPage).where(ContractPage.contract_id == contract_id)
    return session.scalars(wanted.order_by(ContractPage.version.desc(), ContractPage.page)).all()


def page_of(session: Session, contract_id: int, page_id: int) -> ContractPage | None:
    """One signed page with its picture."""
    wanted = select(ContractPage).where(ContractPage.id == page_id, ContractPage.contract_id == contract_id)
    return session.scalar(wanted.options(undefer(ContractPage.jpeg)))


def last_of_kind(session: Session, farmer_id: int, product: str, form: str, grade: str) -> Contract | None:
    """The farmer's newest contract for the same goods, for seeing a quantity that is out of the ordinary."""
    wanted = select(Contract).where(
        Contract.farmer_id == farmer_id, Contract.product == product, Contract.form == form, Contract.grade == grade
    )
    return session.scalars(wanted.order_by(Contract.season_end.desc(), Contract.id.desc()).limit(1)).one_or_none()
