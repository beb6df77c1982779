"""Messages to buyers, farmers and staff: what was sent, what waits, what could not be sent and why."""

from flask import Blueprint, render_template, request
from sqlalchemy import func, select

from kernel.forms import Form
from kernel.http import page_before, requires, transaction
from kernel.notices.models import Notice
from kernel.notices.rules import FAILED, SENT, WAITING
from kernel.notices.rules import masked as mask
from kernel.people.rules import OWNER
from kernel.text import Text

blueprint = Blueprint("notices", __name__, url_prefix="/notices")

_PAGE = 50
STATES = {
    WAITING: (Text("在等", "Waiting"), "gold", "clock"),
    SENT: (Text("发出了", "Sent"), "moss", "check"),
    FAILED: (Text("没发成", "Failed"), "bark", "alert"),
}


@blueprint.get("")
@requires(OWNER)
def index() -> str:
    """The newest messages, or those of one state; recipients are masked."""
    form = Form(request.args)
    state = str(form.value("state")) if form.value("state") in STATES else ""
    before = page_before()
    wanted = select(Notice).order_by(Notice.id.desc()).limit(_PAGE + 1)
    if state:
        wanted = wanted.where(Notice.state == state)
    if before is not None:
        wanted = wanted.where(Notice.id < before)
    with transaction() as session:
        found = session.scalars(wanted).all()
        counted = session.execute(select(Notice.state, func.count()).group_by(Notice.state))
        counts = {row.state: row[1] for row in counted}
        return render_template(
            "console/notices.html",
            found=found[:_PAGE],
            older=found[_PAGE - 1].id if len(found) > _PAGE else None,
            state=state,
            states=STATES,
            counts=counts,
            masked=lambda notice: (
                mask(notice.channel, notice.recipient) if notice.state == WAITING else notice.recipient
            ),
            is_first_page=before is None,
        )
