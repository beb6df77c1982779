"""A contract's amendments and papers: other terms from a day on, the paper to sign, the signed pages."""

from contextlib import closing

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from fulfillment.bench.contract_views import contract_page, find_contract, market_options
from fulfillment.bench.contract_words import changes, goods_words, in_chinese, over_choices, term_lines
from fulfillment.bench.weigher_words import bounded, today
from fulfillment.purchasing.growers import contract_queries as contracts
from fulfillment.purchasing.growers import contract_service as service
from fulfillment.purchasing.growers import paper_service as papers
from fulfillment.purchasing.growers import queries as growers
from fulfillment.purchasing.growers.contract_forms import read_amendment, refuse_if_doubled, typed_promise
from fulfillment.purchasing.growers.models import Contract
from fulfillment.purchasing.growers.queries import AgreedGrade
from fulfillment.purchasing.growers.scans import read_pages
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, requires, setting, transaction, utc_now
from kernel.people.rules import OWNER, WEIGHER
from kernel.text import t

blueprint = Blueprint("contract_changes", __name__, url_prefix="/contracts")


@blueprint.get("/<int:contract_id>/amend")
@requires(OWNER)
def amend_form(contract_id: int) -> tuple[str, int]:
    """Other terms from a day on, beginning with those of today."""
    return _amend_page(contract_id, None)


@blueprint.post("/<int:contract_id>/amend")
@requires(OWNER)
def amend(contract_id: int) -> BaseResponse | tuple[str, int]:
    """Write what both sides agreed; a form that was opened before somebody else's amendment is refused."""
    form = Form(request.form)
    try:
        with transaction() as session:
            contract = find_contract(session, contract_id)
            amendment = read_amendment(form, growers.agreed_grades(contract))
            refuse_if_doubled(form, amendment.promise.agreed_g, contract)
            service.amend_contract(session, contract.id, amendment, today=today(), now=utc_now(), by=actor())
    except NotFound:
        raise
    except Problem as problem:
        form.errors.update(problem.fields)
        return _amend_page(contract_id, form, problem)
    flash(
        t(
            "改好了。已交的货仍按原来的条款。打印补充协议，请双方签字。",
            "Amended. What was delivered keeps its terms. Print the amendment and let both sides sign.",
        ),
        "done",
    )
    return redirect(url_for("weigher.contracts.show", contract_id=contract_id), 303)


def _amend_page(contract_id: int, form: Form | None, problem: Problem | None = None) -> tuple[str, int]:
    with transaction() as session:
        contract = find_contract(session, contract_id)
        grades = growers.agreed_grades(contract)
        page = render_template(
            "weigh/contract_amend.html",
            contract=contract,
            goods=goods_words(contract),
            grades=grades,
            form=form or Form(_as_they_are(contract, grades)),
            problem=problem,
            markets=market_options(session),
            over_options=over_choices(),
        )
    return page, problem.status if problem else 200


def _as_they_are(contract: Contract, grades: list[AgreedGrade]) -> dict[str, str]:
    """The terms of today as they would be typed; a form sent twice is known by the version that it began with."""
    off = {f"off-{place}": f"{grade.deduction_bps / 100:g}" for place, grade in enumerate(grades)}
    first = max(today(), contract.terms_from if contract.version > 1 else today())
    return {**typed_promise(contract), **off, "version": f"{contract.version}", "from_day": f"{first}"}


@blueprint.get("/<int:contract_id>/paper")
@requires(WEIGHER, OWNER)
def paper(contract_id: int) -> str:
    """The contract to print and sign; of a later version the amendment, with what changes. Always in Chinese."""
    asked = request.args.get("version", "")
    with transaction() as session, in_chinese():
        contract = find_contract(session, contract_id)
        versions = {each.version: each for each in growers.versions(session, contract.id)}
        version = versions.get(
            int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 7 else contract.version
        )
        if version is None:
            raise NotFound("没有这一版条款。", "There is no such version of the terms.")
        before = versions.get(version.version - 1)
        return render_template(
            "weigh/contract_paper.html",
            contract=contract,
            version=version,
            goods=goods_words(contract),
            lines=term_lines(version),
            changed=changes(before, version) if before else [],
            first=versions[1],
        )


@blueprint.post("/<int:contract_id>/pages")
@requires(OWNER)
def add_pages(contract_id: int) -> BaseResponse | tuple[str, int]:
    """Keep the signed paper of a version: photos, or a PDF."""
    form = Form(request.form)
    try:
        version = form.count("version", 1, 1_000_000)
        form.check()
        photos = read_pages(_sent_files())
        with transaction() as session:
            added = papers.add_pages(session, bounded(contract_id), version, photos, now=utc_now(), by=actor())
    except NotFound:
        raise
    except Problem as problem:
        form.errors.update(problem.fields)
        return contract_page(contract_id, form, problem)
    said = (
        t("存了 {n} 页。", "{n} pages are kept.", n=len(added))
        if added
        else t("这几页已经存过了。", "These pages are kept already.")
    )
    flash(said, "done")
    return redirect(url_for("weigher.contracts.show", contract_id=contract_id, _anchor="pages"), 303)


def _sent_files() -> list[bytes]:
    """What was sent, in its order; a field that was left empty sends a file of nothing."""
    files = []
    for sent in request.files.getlist("pages"):
        with closing(sent):
            files.append(sent.stream.read(setting("largest_body_bytes")))
    return [data for data in files if data]


@blueprint.get("/<int:contract_id>/pages/<int:page_id>")
@requires(WEIGHER, OWNER)
def show_page(contract_id: int, page_id: int) -> Response:
    """One signed page."""
    with transaction() as session:
        page = contracts.page_of(session, bounded(contract_id), bounded(page_id))
        if page is None:
            raise NotFound("没有这一页。", "There is no such page.")
        response = Response(page.jpeg, mimetype="image/jpeg")
    response.headers["Cache-Control"] = "private, no-store"
    return response


@blueprint.post("/<int:contract_id>/pages/<int:page_id>/remove")
@requires(OWNER)
def remove_page(contract_id: int, page_id: int) -> BaseResponse:
    """Take out a page that was the wrong paper."""
    with transaction() as session:
        find_contract(session, contract_id)
        papers.remove_page(session, bounded(contract_id), bounded(page_id), now=utc_now(), by=actor())
    flash(t("这一页拿掉了。", "The page is taken out."), "done")
    return redirect(url_for("weigher.contracts.show", contract_id=contract_id, _anchor="pages"), 303)
