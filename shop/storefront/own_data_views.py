"""What the shop keeps of whoever holds this device: a copy to take along, and its end."""

from json import dumps

from flask import Blueprint, Response, flash, redirect, url_for
from werkzeug.wrappers import Response as AnyResponse

from kernel.audit import BUYER
from kernel.http import transaction, utc_now
from kernel.text import t
from shop.storefront import device, own_data

blueprint = Blueprint("own_data", __name__)


@blueprint.get("/orders/my-data.json")
def copy() -> Response:
    """Everything about the orders and places in line that this device knows."""
    with transaction() as session:
        found = own_data.copy_of(session, device.order_numbers())
    answer = Response(dumps(found, ensure_ascii=False, indent=2), mimetype="application/json")
    answer.headers["Content-Disposition"] = "attachment; filename=my-data.json"
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.post("/orders/erase")
def erase() -> AnyResponse:
    """Name, phone, address, complaints and reviews of orders that are over are gone; pressed twice it is once."""
    with transaction() as session:
        emptied, under_way = own_data.forget(session, device.order_numbers(), now=utc_now(), by=BUYER)
    said = t(
        "{n} 个订单里的姓名、电话、地址删掉了。", "Name, phone and address of {n} orders are deleted.", n=len(emptied)
    )
    if under_way:
        said += t(
            "还有 {n} 个没完，送到以后再删。",
            " {n} are still under way; delete those once they have arrived.",
            n=under_way,
        )
    flash(said, "done")
    return redirect(url_for("storefront.orders.own_orders"), code=303)
