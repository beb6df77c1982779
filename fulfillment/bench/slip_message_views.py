"""The farmer's slip as a text message: sent from the outbox, seen on the delivery's page, sent again when it failed."""

from flask import Blueprint, flash, redirect, request, url_for
from werkzeug.wrappers import Response

from fulfillment.bench.delivery_facts import subject_of, words_of
from fulfillment.bench.weigher_words import bounded
from fulfillment.purchasing.asking import queries as asking
from fulfillment.purchasing.models import Delivery
from kernel.errors import NotFound, Problem
from kernel.http import actor, requires, setting, transaction, utc_now
from kernel.notices.rules import SMS
from kernel.notices.service import leave_notice
from kernel.parse import FieldError, parse_count
from kernel.people.rules import OWNER, WEIGHER
from kernel.text import t

blueprint = Blueprint("messages", __name__)

_MOST = 20


@blueprint.post("/deliveries/<int:delivery_id>/message")
@requires(WEIGHER, OWNER)
def send(delivery_id: int) -> Response:
    """Leave the text message; ``place`` is how many there were on the page, so a double tap is one message."""
    try:
        place = parse_count(request.form.get("place"), 0, _MOST)
        with transaction() as session:
            delivery = session.get(Delivery, bounded(delivery_id))
            if delivery is None:
                raise NotFound("没有这次交货。", "There is no such delivery.")
            subject, said = subject_of(delivery), words_of(session, delivery, asking.request_of(session, delivery.id))
            leave_notice(
                session,
                key=f"{subject}:sms:{place}",
                subject=subject,
                channel=SMS,
                recipient=delivery.contract.farmer.phone,
                title=t("交货单", "Delivery slip"),
                body=f"【{setting('workshop_name')}】{said}",
                now=utc_now(),
                by=actor(),
            )
        flash(t("短信在发了，发没发出去看下面。", "The message is on its way; see below what becomes of it."), "done")
    except FieldError:
        flash(t("页面放得太久了，请再按一次。", "This page is stale; press again."), "problem")
    except NotFound:
        raise
    except Problem as problem:
        flash(str(problem.text), "problem")
    return redirect(url_for("weigher.deliveries.show", delivery_id=delivery_id), 303)
