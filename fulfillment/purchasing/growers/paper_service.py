"""The signed paper of a contract: pages are added to the version that they were signed for; one taken out is noted."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fulfillment.purchasing.growers.contract_queries import page_of
from fulfillment.purchasing.growers.models import Contract, ContractPage
from fulfillment.purchasing.growers.refusals import fault
from fulfillment.purchasing.growers.rules import MOST_PAGES
from fulfillment.purchasing.growers.scans import too_many
from kernel.audit import Actor, record_change
from kernel.db import lock_row
from kernel.errors import NotFound
from kernel.photos import Photo


def add_pages(
    session: Session, contract_id: int, version: int, photos: Sequence[Photo], *, now: datetime, by: Actor
) -> list[ContractPage]:
    """Keep signed pages after those of the same version that are there; a page that is there already is not doubled.

    Raises:
        NotFound: there is no such contract. Invalid: it has no such version, or too many pages.
    """
    contract = lock_row(session, Contract, contract_id)
    if contract is None:
        raise NotFound("没有这份合同。", "There is no such contract.")
    if not 1 <= version <= contract.version:
        raise fault("version", "没有这一版条款。", "There is no such version of the terms.")
    pages = select(ContractPage).where(ContractPage.contract_id == contract_id, ContractPage.version == version)
    known = set(session.scalars(pages.with_only_columns(func.sha256(ContractPage.jpeg))))
    last = session.scalar(pages.with_only_columns(func.max(ContractPage.page))) or 0
    new = [photo for photo in photos if sha256(photo.jpeg).digest() not in known]
    if last + len(new) > MOST_PAGES:
        raise too_many()
    added = [
        ContractPage(
            contract_id=contract_id,
            version=version,
            page=number,
            jpeg=photo.jpeg,
            width=photo.width,
            height=photo.height,
            at=now,
            by=by.name,
        )
        for number, photo in enumerate(new, start=last + 1)
    ]
    session.add_all(added)
    session.flush()
    if added:
        _note(session, contract_id, "contract.pages_added", {"version": version, "pages": len(added)}, now, by)
    return added


def remove_page(session: Session, contract_id: int, page_id: int, *, now: datetime, by: Actor) -> None:
    """Take out a page that was the wrong paper; pressed twice it is gone all the same."""
    page = page_of(session, contract_id, page_id)
    if page is None:
        return
    facts = {"version": page.version, "page": page.page, "sha256": sha256(page.jpeg).hexdigest()}
    session.delete(page)
    session.flush()
    _note(session, contract_id, "contract.page_removed", facts, now, by)


def _note(session: Session, contract_id: int, action: str, facts: dict[str, object], now: datetime, by: Actor) -> None:
    record_change(session, actor=by, action=action, subject=f"contract:{contract_id}", at=now, after=facts)
