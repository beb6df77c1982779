"""What the pages of a delivery show besides its working: who agreed, the prices looked at, messages, the slip in words."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from fulfillment.bench.weigher_words import SOURCE_WORDS, title_of
from fulfillment.purchasing import queries, service
from fulfillment.purchasing.asking import queries as asking
from fulfillment.purchasing.asking.models import WeighInRequest
from fulfillment.purchasing.asking.rules import CAUSES, NO_QUOTE
from fulfillment.purchasing.asking.slip_words import About, slip_sentences
from fulfillment.purchasing.growers import queries as growers
from fulfillment.purchasing.models import Delivery
from fulfillment.purchasing.weighing import queries as weighing
from kernel.notices.rules import SMS, can_receive
from kernel.notices.service import notices_about
from kernel.text import Text

# What the slip may be printed on: the courier's label, receipt paper, half a sheet.
SLIP_PAPERS: Mapping[str, Text] = {
    "100x150": Text("标签纸 100 × 150", "label 100 × 150"),
    "r80": Text("小票 80 mm", "receipt 80 mm"),
    "r76": Text("小票 76 mm", "receipt 76 mm"),
    "a5": Text("A5 纸", "A5"),
}


def chosen_paper(asked: str | None) -> str:
    """The paper that was asked for, else the label's."""
    return asked if asked is not None and asked in SLIP_PAPERS else "100x150"


def subject_of(delivery: Delivery) -> str:
    """What messages about a delivery are filed under."""
    return f"delivery:{delivery.id}"


def delivery_facts(session: Session, delivery: Delivery) -> Mapping[str, Any]:
    """The facts for the page and the paper of a delivery."""
    request = asking.request_of(session, delivery.id)
    return {
        "slip": service.slip_of(delivery),
        "agreed": request,
        "cause": CAUSES.get(delivery.refused_reason),
        "looked_at": queries.quotes_looked_at(session, delivery.id),
        "photos": weighing.photos_of(session, delivery.idempotency_key),
        "messages": notices_about(session, subject_of(delivery)),
        "can_text": can_receive(SMS, delivery.contract.farmer.phone),
        "in_words": words_of(session, delivery, request),
    }


def words_of(session: Session, delivery: Delivery, request: WeighInRequest | None) -> Text:
    """The slip in sentences."""
    old = (
        request.decided_by if request is not None and NO_QUOTE in request.reasons and is_old(session, delivery) else ""
    )
    source = SOURCE_WORDS.get(delivery.quote_source, Text(delivery.quote_source, delivery.quote_source))
    about = About(
        title_of(delivery.contract.product),
        delivery.lot.number,
        delivery.day,
        source,
        delivery.refused_reason,
        old or "",
    )
    return slip_sentences(service.slip_of(delivery), about)


def is_old(session: Session, delivery: Delivery) -> bool:
    """Whether its price is older than the terms that it was weighed under allow by themselves."""
    terms = growers.version_of(session, delivery.contract_id, delivery.contract_version)
    return (delivery.day - delivery.quote_day).days > terms.quote_days
