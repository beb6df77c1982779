"""Orders of other platforms: give a file, look at what it would do, import it; what waits, and what a person should see."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from app import workflows
from app.console import imports_words as words
from app.console.forms import done, first_time
from fulfillment.labels.rules import mask_detail, mask_name, mask_phone
from kernel import once
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, current_person, database, requires, setting, transaction, utc_now
from kernel.parse import FieldError
from kernel.people.rules import LEAD, OWNER, STREAMER
from kernel.text import t
from shop.channels import queries, rules, service, steps, uploads
from shop.channels.addresses import receiver_of
from shop.channels.models import ChannelOrder
from shop.channels.readers import PLATFORMS, read_orders
from shop.channels.sheets import LARGEST_BYTES
from shop.orders import forms as order_forms
from shop.orders.rules import PROVINCES, full_province

blueprint = Blueprint("imports", __name__, url_prefix="/console/imports")

_MOST = 200
_HISTORY = 30
# More than this is some seconds of work: the worker does it, and the page says how far it is.
AT_ONCE = 150
# Platforms whose buyers live in many countries: a province is then whatever is written there.
_ABROAD = frozenset({"tiktok", "shopify"})


@blueprint.context_processor
def _words() -> dict[str, object]:
    person = current_person()
    return {
        "said": words,
        "platforms": PLATFORMS,
        "form_key": lambda form: form.value(once.FIELD) or once.new_key(),
        "is_lead_only": person is not None and not person.roles & {OWNER, STREAMER},
    }


@blueprint.get("")
@requires(LEAD, OWNER, STREAMER)
def index() -> tuple[str, int]:
    """Give a file; what waits; what came before."""
    return _index(Form())


def _index(form: Form, problem: Problem | None = None) -> tuple[str, int]:
    with transaction() as session:
        page = render_template(
            "console/imports/index.html",
            form=form,
            problem=problem,
            waiting=queries.waiting_orders(session, _MOST),
            count_waiting=queries.count_waiting(session),
            noticed=queries.noticed_orders(session, _MOST),
            history=queries.recent_imports(session, _HISTORY),
        )
    return page, problem.status if problem else 200


@blueprint.post("")
@requires(LEAD, OWNER, STREAMER)
def look() -> Response | tuple[str, int]:
    """Read a file and say what it would do; nothing is imported yet."""
    form = Form(request.form)
    try:
        platform = PLATFORMS.get(form.choice("platform", PLATFORMS))
        raw, second = _bytes(request.files.get("file")), _bytes(request.files.get("detail"))
        if raw is None:
            form.refuse("file", "请选一个文件。", "Choose a file.")
        form.check()
        assert platform is not None
        assert raw is not None
        reading = read_orders(platform, raw, setting("workshop_zone"), second)
        with transaction() as session:
            outcome = steps.look(session, platform, reading)
            kept = uploads.keep(
                session,
                platform.name,
                request.files["file"].filename or "",
                raw,
                second if platform.second_file else None,
                outcome=outcome.as_kept(),
                unknown_columns=reading.unknown_columns,
                now=utc_now(),
                by=actor(),
            )
            return redirect(url_for("imports.one", import_id=kept.id), code=303)
    except Problem as problem:
        form.errors |= problem.fields
        return _index(form, problem)


def _bytes(file: FileStorage | None) -> bytes | None:
    """What was sent, as far as it may be; ``None`` when no file was chosen."""
    return file.stream.read(LARGEST_BYTES + 1) if file and file.filename else None


@blueprint.get("/<int:import_id>")
@requires(LEAD, OWNER, STREAMER)
def one(import_id: int) -> str:
    """What a file would do, or has done."""
    with transaction() as session:
        found = uploads.file_import(session, import_id)
        return render_template("console/imports/import.html", found=found, platform=PLATFORMS[found.channel])


@blueprint.post("/<int:import_id>/confirm")
@requires(LEAD, OWNER, STREAMER)
def confirm(import_id: int) -> Response:
    """Import a file that was looked at; a second tap changes nothing."""
    now, by = utc_now(), actor()
    zone = setting("workshop_zone")
    with transaction() as session:
        found = uploads.file_import(session, import_id)
        is_large = len(found.outcome.get("lines", ())) > AT_ONCE
        if is_large:
            payload = {"zone": zone.key, "person": by.person_id, "name": by.name}
            uploads.queue(session, import_id, payload, now=now)
    if not is_large:
        steps.import_kept(database(), import_id, zone=zone, floor=workflows, now=now, by=by)
    return redirect(url_for("imports.one", import_id=import_id), code=303)


@blueprint.post("/<int:import_id>/leave")
@requires(LEAD, OWNER, STREAMER)
def leave(import_id: int) -> Response:
    """Forget a file that was only looked at."""
    with transaction() as session:
        uploads.file_import(session, import_id)
        uploads.leave(session, import_id)
    return done(url_for("imports.index"), t("没有导入，文件已经删掉。", "Not imported; the file is gone."))


@blueprint.post("/try-again")
@requires(LEAD, OWNER, STREAMER)
def try_again() -> Response:
    """Look at every order that waits once more."""
    accepted, still = steps.try_again(database(), floor=workflows, now=utc_now(), by=actor())
    flash(
        t("{n} 单去打包了，还有 {m} 单在等。", "{n} went to packing, {m} still wait.", n=accepted, m=still),
        "done" if accepted or not still else "problem",
    )
    return redirect(url_for("imports.index"), code=303)


def _channel_order(session: Session, order_id: int) -> ChannelOrder:
    found = session.get(ChannelOrder, order_id) if order_id < 2**62 else None
    if found is None:
        raise NotFound("没有这个平台订单。", "There is no such platform order.")
    return found


@blueprint.get("/orders/<int:order_id>")
@requires(LEAD, OWNER, STREAMER)
def order(order_id: int) -> tuple[str, int]:
    """One platform order: what the platform says, why it waits, and what can be done."""
    return _order(order_id, None)


def _order(order_id: int, form: Form | None, problem: Problem | None = None) -> tuple[str, int]:
    with transaction() as session:
        known = _channel_order(session, order_id)
        page = render_template(
            "console/imports/order.html",
            known=known,
            platform=PLATFORMS[known.channel],
            goods=queries.goods_of(session, {item["sku"] for item in known.items}),
            receiver=_masked(known),
            may_ship=rules.may_ship(known.status, known.refund),
            form=form or Form(),
            problem=problem,
            provinces=PROVINCES,
            is_abroad=known.channel in _ABROAD,
        )
    return page, problem.status if problem else 200


def _masked(known: ChannelOrder) -> dict[str, str]:
    """The receiver as a page may show it."""
    city = known.city if known.city != known.province else ""
    between = "" if known.province in PROVINCES else " "
    place = between.join(filter(None, (known.province, city, known.district, known.street, "")))
    return {
        "name": mask_name(known.buyer_name) if known.buyer_name else "",
        "phone": mask_phone(known.phone, known.phone_ext) if known.phone else "",
        "address": between.join((place, mask_detail(known.detail))),
    }


def _is_abroad(order_id: int) -> bool:
    with transaction() as session:
        return _channel_order(session, order_id).channel in _ABROAD


def _read_province(raw: object) -> str:
    province = full_province(raw) if isinstance(raw, str) else None
    if province is None:
        raise FieldError("请选省份。", "Please choose the province.")
    return province


@blueprint.post("/orders/<int:order_id>/receiver")
@requires(LEAD, OWNER, STREAMER)
def give_receiver(order_id: int) -> Response | tuple[str, int]:
    """Type the receiver that the export keeps back; the order is then tried at once."""
    form = Form(request.form)
    try:
        name = form.text("name", longest=40)
        phone = form.read("phone", order_forms.read_phone)
        province = (
            form.read("province", _read_province) if not _is_abroad(order_id) else form.text("province", longest=40)
        )
        place = [form.text(part, longest=40, required=False) for part in ("city", "district", "street")]
        detail = form.text("detail", longest=120)
        form.check()
        receiver = receiver_of(name, "-".join(filter(None, phone)), [province, *place, detail])
        with transaction() as session:
            is_first = first_time(session, form, f"receiver:{order_id}")
            if is_first:
                service.give_receiver(session, order_id, receiver, now=utc_now(), by=actor())
                service.settle(session, order_id, floor=workflows, now=utc_now(), by=actor())
    except NotFound:
        raise
    except Problem as problem:
        return _order(order_id, form, problem)
    return done(
        url_for("imports.order", order_id=order_id), t("地址记下了。", "The address is kept."), is_first=is_first
    )


@blueprint.post("/orders/<int:order_id>/approve")
@requires(LEAD, OWNER, STREAMER)
def approve(order_id: int) -> Response | tuple[str, int]:
    """Say that an order is packed although its export leaves a doubt."""
    form = Form(request.form)
    try:
        with transaction() as session:
            is_first = first_time(session, form, f"approve:{order_id}")
            if is_first:
                service.approve(session, order_id, now=utc_now(), by=actor())
                service.settle(session, order_id, floor=workflows, now=utc_now(), by=actor())
    except NotFound:
        raise
    except Problem as problem:
        return _order(order_id, None, problem)
    return done(
        url_for("imports.order", order_id=order_id), t("记下了，照常打包。", "Noted; it is packed."), is_first=is_first
    )


@blueprint.post("/orders/<int:order_id>/seen")
@requires(LEAD, OWNER, STREAMER)
def seen(order_id: int) -> Response:
    """A notice was read and dealt with."""
    with transaction() as session:
        _channel_order(session, order_id)
        service.put_notice_away(session, order_id, now=utc_now(), by=actor())
    return done(url_for("imports.index"), t("这条提醒收起来了。", "The notice is put away."))
