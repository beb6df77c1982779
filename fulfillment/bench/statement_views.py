"""A farmer's season: on the screen, on paper and as a sheet."""

from datetime import timedelta
from typing import Final

from flask import Blueprint, render_template
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.bench import settlement_words
from fulfillment.bench.farmer_views import find_farmer
from fulfillment.bench.settlement_words import asked_day
from fulfillment.bench.weigher_words import title_of, today
from fulfillment.purchasing.growers.models import Farmer
from fulfillment.purchasing.statements import queries
from fulfillment.purchasing.statements.queries import Movement, Season
from kernel.http import requires, setting, transaction
from kernel.people.rules import LEAD, OWNER, WEIGHER
from kernel.sheets import Cell, plain_yuan
from kernel.text import t

blueprint = Blueprint("statements", __name__, url_prefix="/pay/<int:farmer_id>/statement")

_USUAL: Final = timedelta(days=365)


def _asked(session: Session, farmer_id: int) -> tuple[Farmer, Season]:
    """The farmer and the season between the days asked for; without days the last twelve months."""
    first, last = asked_day("from", today() - _USUAL), asked_day("to", today())
    farmer = find_farmer(session, farmer_id)
    return farmer, queries.season(session, farmer.id, first, last, setting("workshop_zone"))


@blueprint.get("")
@requires(WEIGHER, OWNER, LEAD)
def show(farmer_id: int) -> str:
    """Deliveries, advances, deductions, payments, the balance, and what it would have been at market."""
    with transaction() as session:
        farmer, season = _asked(session, farmer_id)
        return render_template(
            "weigh/statement.html",
            farmer=farmer,
            season=season,
            first=asked_day("from", today() - _USUAL),
            last=asked_day("to", today()),
            today=today(),
        )


@blueprint.get("/lines.<extension>")
@requires(WEIGHER, OWNER, LEAD)
def lines_file(farmer_id: int, extension: str) -> Response:
    """The same as a sheet."""
    header = [
        t("日期", "Day"),
        t("什么", "What"),
        t("说明", "About"),
        t("重量（公斤）", "Kilograms"),
        t("按市场价（元）", "At market, yuan"),
        t("金额（元）", "Yuan"),
        t("余额（元）", "Balance, yuan"),
    ]
    with transaction() as session:
        _, season = _asked(session, farmer_id)
        rows = [_row(movement) for movement in season.movements]
    return settlement_words.sheet(extension, f"statement-{farmer_id}", header, rows)


def _row(movement: Movement) -> list[Cell]:
    delivery, entry = movement.delivery, movement.entry
    is_paid, about = movement.kind == queries.DELIVERY, movement.note
    if delivery is not None:
        about = f"{title_of(delivery.contract.product)} {delivery.grade} {delivery.lot.number}"
    elif entry is not None:
        about = " ".join(part for part in (entry.paper_ref, entry.reason) if part)
    return [
        movement.day.isoformat(),
        str(settlement_words.MOVEMENT_WORDS[movement.kind]),
        about,
        f"{delivery.settle_g / 1000:.2f}" if is_paid and delivery else None,
        plain_yuan(delivery.market_pay_fen) if is_paid and delivery else None,
        plain_yuan(movement.fen),
        plain_yuan(movement.balance_fen),
    ]


blueprint.context_processor(settlement_words.words)
