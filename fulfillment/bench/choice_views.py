"""How somebody likes the bench's pages: the size of letters, reading aloud; kept for the person on every tablet."""

from urllib.parse import urlsplit

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from kernel.forms import Form
from kernel.http import actor, requires, transaction
from kernel.people import choices
from kernel.people.rules import ROLES, TEXT_SIZES_PX

blueprint = Blueprint("choices", __name__, url_prefix="/bench/choices")


def _came_from() -> str:
    """The page with the form, if it is one of the bench."""
    page = urlsplit(request.referrer or "")
    is_ours = page.netloc == request.host and page.path.startswith("/bench")
    return f"{page.path}?{page.query}" if is_ours and page.query else page.path if is_ours else "/bench"


@blueprint.post("")
@requires(*ROLES)
def choose() -> Response:
    """Keep a choice; the page is shown again as chosen."""
    form = Form(request.form)
    size = form.choice("text_px", [str(size) for size in TEXT_SIZES_PX]) if "text_px" in form.values else ""
    aloud = form.choice("reads_aloud", ("on", "off")) if "reads_aloud" in form.values else ""
    form.check()
    person_id = actor().person_id
    assert person_id is not None
    with transaction() as session:
        if size:
            choices.choose_text_size(session, person_id, int(size))
        if aloud:
            choices.choose_reading_aloud(session, person_id, reads_aloud=aloud == "on")
    return redirect(_came_from(), code=303)
