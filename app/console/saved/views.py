"""Keeping the search of a list under a name, each person for themselves, and letting it go."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Blueprint, request, url_for
from werkzeug.wrappers import Response

from app.console import audit_views, notices_views, orders_views, people_views, streams_views, vouchers_views
from app.console.forms import done, my_id, possible_id
from app.console.insights import views as insights_views
from app.console.saved import service
from kernel.errors import BadRequest, NotFound
from kernel.forms import Form
from kernel.http import current_person, requires, transaction, utc_now
from kernel.people.rules import OWNER, STREAMER
from kernel.text import t

blueprint = Blueprint("saved", __name__, url_prefix="/searches")


@dataclass(frozen=True)
class Kept:
    """A list whose searches are kept: where it is, how it reads a search from its address, and for whom it is."""

    endpoint: str
    read: Callable[[Form], Mapping[str, str]]
    is_owners: bool = False


PAGES: Mapping[str, Kept] = {
    "orders": Kept("console.orders.index", lambda form: orders_views.read_search(form).as_query()),
    "streams": Kept("console_streams.streams", lambda form: streams_views.read_search(form).as_query()),
    "vouchers": Kept("console.vouchers.index", lambda form: vouchers_views.read_search(form).as_query()),
    "buyers": Kept("console.insights.buyers", insights_views.read_query),
    "people": Kept("console.people.index", lambda form: people_views.read_search(form).as_query(), True),
    "notices": Kept("console.notices.index", lambda form: notices_views.read_search(form).as_query(), True),
    "audit": Kept("console.audit.index", lambda form: audit_views.read_search(form).as_query(), True),
}


def _page(name: str) -> Kept:
    """The list with this name, when it is for the person who asks."""
    person = current_person()
    page = PAGES.get(name)
    if page is None or (page.is_owners and (person is None or OWNER not in person.roles)):
        raise NotFound("没有这张表。", "There is no such list.")
    return page


@blueprint.post("/<name>")
@requires(OWNER, STREAMER)
def keep(name: str) -> Response:
    """Keep the search that is shown under a name; the same name again is the newer search."""
    page, form, search = _page(name), Form(request.form), Form(request.args)
    called = form.text("name", longest=40)
    query = urlencode(page.read(search))
    form.check()
    search.check()
    if not query:
        raise BadRequest("先查点什么再存。", "Search for something first.")
    with transaction() as session:
        service.keep(session, my_id(), name, called, query, now=utc_now())
    return done(
        f"{url_for(page.endpoint)}?{query}", t("存好了，点名字就能再看。", "Kept; press its name to see it again.")
    )


@blueprint.post("/<name>/<int:view_id>/let-go")
@requires(OWNER, STREAMER)
def let_go(name: str, view_id: int) -> Response:
    """Forget one of one's own searches."""
    page = _page(name)
    with transaction() as session:
        service.let_go(session, my_id(), possible_id(view_id))
    return done(url_for(page.endpoint), t("去掉了。", "Let go."))
