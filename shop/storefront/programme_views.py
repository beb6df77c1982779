"""Streams around the one that is live: those that were, and a date for the calendar of those that come."""

from datetime import datetime, timedelta
from typing import Final

from flask import Blueprint, Response, render_template, url_for
from icalendar import Alarm, Calendar, Event

from kernel.errors import NotFound
from kernel.http import page_before, setting, transaction, utc_now
from kernel.text import t
from shop.storefront import queries
from shop.streams import queries as stream_queries
from shop.streams.models import Stream

blueprint = Blueprint("programme", __name__)

_PAGE: Final = 10
# Nobody announces an end; calendars want one.
_LASTS: Final = timedelta(hours=2)
_REMIND: Final = timedelta(minutes=10)


@blueprint.get("/live/earlier")
def earlier() -> str:
    """What there was, the last first, with the goods of each; ``?before=`` is the last stream of the page before."""
    with transaction() as session:
        found = stream_queries.ended_streams(session, before=page_before(), most=_PAGE)
        return render_template(
            "storefront/earlier.html",
            streams=found,
            goods=queries.goods_of_streams(session, [stream.id for stream in found]),
            older=found[-1].id if len(found) == _PAGE else None,
        )


@blueprint.get("/live/<int:stream_id>/calendar.ics")
def calendar(stream_id: int) -> Response:
    """A date for the phone's calendar, with a reminder ten minutes before (RFC 5545)."""
    with transaction() as session:
        stream = session.get(Stream, stream_id) if stream_id < 2**63 else None
        if stream is None or stream.state == "ended":
            raise NotFound("没有这场直播，或者已经结束。", "There is no such stream, or it has ended.")
        answer = Response(_calendar(stream, utc_now()).to_ical(), mimetype="text/calendar")
    answer.headers["Content-Disposition"] = f"attachment; filename=stream-{stream_id}.ics"
    answer.headers["Cache-Control"] = "no-cache"
    return answer


def _calendar(stream: Stream, now: datetime) -> Calendar:
    address = f"{setting('public_url')}{url_for('storefront.live', stream_id=stream.id)}"
    event = Event()
    event.add("uid", f"stream-{stream.id}@{setting('public_url').partition('://')[2]}")
    # A changed plan is a later version of the same date.
    event.add("sequence", stream.revision)
    event.add("dtstamp", now)
    event.add("dtstart", stream.starts_at)
    event.add("dtend", stream.starts_at + _LASTS)
    event.add("summary", f"{setting('workshop_name')} · {stream.title.pick()}")
    event.add("description", t("打开就能买：{address}", "Open to buy: {address}", address=address))
    event.add("url", address)
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", stream.title.pick())
    alarm.add("trigger", -_REMIND)
    event.add_component(alarm)
    found = Calendar()
    found.add("prodid", "-//Gongfang//Streams//ZH")
    found.add("version", "2.0")
    found.add_component(event)
    return found
