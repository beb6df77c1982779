"""The farmers' codes on paper: a QR each, to be scanned at the scale. It finds the farmer there and opens nothing else."""

from flask import Blueprint, render_template

from fulfillment.labels.codes import qr_svg
from fulfillment.purchasing.growers import queries as growers
from fulfillment.purchasing.weighing.rules import farmer_code
from kernel.http import requires, transaction
from kernel.people.rules import OWNER, WEIGHER

blueprint = Blueprint("badges", __name__)

_MOST = 1_000


@blueprint.get("/in/badges")
@requires(WEIGHER, OWNER)
def sheet() -> str:
    """Every farmer's code, to print and cut out."""
    with transaction() as session:
        cards = [(farmer, farmer_code(farmer.id)) for farmer in growers.farmers(session, most=_MOST)]
        return render_template("weigh/badges.html", cards=[(farmer, code, qr_svg(code)) for farmer, code in cards])
