"""Where the streamer and the owner make the link for the wall, and take it back."""

from flask import Blueprint, render_template, request, url_for
from werkzeug.wrappers import Response

from app.console.board_views import WATCHERS
from app.console.forms import done, first_time
from app.console.wall import service
from app.console.wall.service import LINK
from fulfillment.labels.codes import qr_svg
from kernel.forms import Form
from kernel.http import actor, requires, setting, transaction, utc_now
from kernel.links import link_key
from kernel.text import t

blueprint = Blueprint("wall", __name__, url_prefix="/wall")


def _path_of(link_id: int) -> str:
    return url_for("wall.enter", link_id=link_id, key=link_key(setting("secret_key"), LINK, str(link_id)))


@blueprint.get("")
@requires(*WATCHERS)
def show() -> str:
    """The link and its code, or a button that makes one."""
    with transaction() as session:
        link = service.open_link(session)
    path = _path_of(link.id) if link else ""
    code = qr_svg(setting("public_url") + path) if link else ""
    return render_template("console/board/wall.html", link=link, path=path, code=code, form=Form())


@blueprint.post("")
@requires(*WATCHERS)
def make() -> Response:
    """Make a link; pressed twice there is one."""
    with transaction() as session:
        is_first = first_time(session, Form(request.form), "wall-link")
        if is_first:
            service.make_link(session, now=utc_now(), by=actor())
    return done(url_for("console.wall.show"), t("链接好了。", "The link is ready."), is_first=is_first)


@blueprint.post("/take-back")
@requires(*WATCHERS)
def take_back() -> Response:
    """Take the link back: screens that came through it go dark within seconds."""
    with transaction() as session:
        is_first = first_time(session, Form(request.form), "wall-link-back")
        if is_first:
            service.take_back(session, now=utc_now(), by=actor())
    return done(url_for("console.wall.show"), t("链接收回了。", "The link is taken back."), is_first=is_first)
