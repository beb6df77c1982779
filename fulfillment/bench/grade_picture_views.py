"""What each grade looks like: a drawn picture, until the owner puts a photo of the workshop's own goods in its place."""

from itertools import groupby

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from fulfillment.bench.grade_cards import drawing, look_for
from fulfillment.bench.weigher_words import bounded
from fulfillment.purchasing.growers import queries as growers
from fulfillment.purchasing.weighing import queries, service
from fulfillment.purchasing.weighing.models import GradePicture
from kernel.errors import Invalid, NotFound, Problem
from kernel.http import actor, requires, setting, transaction, utc_now
from kernel.people.rules import OWNER, WEIGHER
from kernel.photos import read_photo
from kernel.text import t

blueprint = Blueprint("grade_pictures", __name__, url_prefix="/grades")


@blueprint.get("/pictures")
@requires(WEIGHER, OWNER)
def all_pictures() -> str:
    """Every grade with its picture, best first."""
    with transaction() as session:
        photographed = queries.grades_with_pictures(session)
        shown = [
            {
                "grade": grade,
                "has_photo": (grade.product, grade.form, grade.name) in photographed,
                "drawing": drawing(rank),
                "look_for": look_for(product, rank),
            }
            for (product, _), of_product in groupby(growers.grades(session), lambda each: (each.product, each.form))
            for rank, grade in enumerate(of_product)
        ]
        return render_template("weigh/grade_pictures.html", shown=shown)


@blueprint.get("/<int:grade_id>/picture")
@requires(WEIGHER, OWNER)
def picture(grade_id: int) -> Response:
    """The owner's photo of a grade."""
    with transaction() as session:
        found = session.get(GradePicture, bounded(grade_id))
        if found is None:
            raise NotFound
        return Response(found.jpeg, mimetype="image/jpeg")


@blueprint.post("/<int:grade_id>/picture")
@requires(OWNER)
def set_picture(grade_id: int) -> Answer:
    """Put a photo in the place of the drawing."""
    sent = request.files.get("photo")
    try:
        if sent is None or not sent.filename:
            raise Invalid("请先选一张照片。", "Choose a photo first.")
        photo = read_photo(sent.stream.read(setting("largest_body_bytes")))
        with transaction() as session:
            service.set_grade_picture(session, bounded(grade_id), photo, now=utc_now(), by=actor())
        flash(t("照片换好了。", "The photo is shown from now on."), "done")
    except NotFound:
        raise
    except Problem as problem:
        flash(str(problem.text), "problem")
    return redirect(url_for("weigher.grade_pictures.all_pictures"), 303)


@blueprint.post("/<int:grade_id>/picture/drop")
@requires(OWNER)
def drop_picture(grade_id: int) -> Answer:
    """Show the drawing again."""
    with transaction() as session:
        service.drop_grade_picture(session, bounded(grade_id), now=utc_now(), by=actor())
    flash(t("又用画的图了。", "The drawing is shown again."), "done")
    return redirect(url_for("weigher.grade_pictures.all_pictures"), 303)
