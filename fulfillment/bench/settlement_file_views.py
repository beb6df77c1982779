"""How a closed run is paid: the bank's file, the cash list to sign, "all paid", and the run as a sheet."""

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.bench import settlement_words
from fulfillment.bench import wage_pay_files as files
from fulfillment.bench.settlement_run_views import again, find_run
from fulfillment.bench.weigher_words import bounded
from fulfillment.purchasing.accounts.rules import masked_tail
from fulfillment.purchasing.runs import queries, rules, service
from fulfillment.purchasing.runs.queries import Outcome
from fulfillment.purchasing.settlements import rules as paying
from fulfillment.purchasing.settlements.models import SettlementRun
from fulfillment.purchasing.settlements.result_service import HandOut
from kernel.audit import record_change
from kernel.errors import Problem, Refused
from kernel.forms import Form
from kernel.http import actor, requires, transaction, utc_now
from kernel.people.rules import LEAD, OWNER, WEIGHER
from kernel.sheets import Cell, plain_yuan
from kernel.text import t

blueprint = Blueprint("run_files", __name__, url_prefix="/pay/runs/<int:settlement_run_id>")


def _closed(session: Session, run_id: int) -> SettlementRun:
    """A run from which money may go out: of another one no paper and no file is made."""
    run = find_run(session, run_id)
    if run.state != rules.CLOSED:
        raise Refused(
            "这次结算还没定，不能按它付钱。", "This run is not closed; nobody is paid by it.", code="wrong_state"
        )
    return run


@blueprint.post("/bank")
@requires(OWNER, LEAD)
def bank_file(settlement_run_id: int) -> Response:
    """The file for the bank, with whole account numbers: who made it is written to the log."""
    form = Form(request.form)
    kind = form.choice("file", files.BANK_FILES)
    form.check()
    with transaction() as session:
        run = _closed(session, settlement_run_id)
        due = [each for each in queries.outcomes(session, run) if each.may_go_by_bank]
        rows = [_bank_row(place, each) for place, each in enumerate(due, 1)]
        record_change(
            session,
            actor=actor(),
            action="bank_file.made",
            subject=f"settlement_run:{run.id}",
            at=utc_now(),
            after={"farmers": len(rows), "file": kind},
        )
    return files.answer(current_app.response_class, kind, files.bank_header(), rows, f"farmers-bank-{run.id}")


def _bank_row(place: int, each: Outcome) -> list[Cell]:
    facts = each.facts
    return [
        place,
        facts.account_holder if facts else each.settlement.farmer.name,
        files.AccountNumber(facts.account_number if facts else ""),
        facts.bank if facts else "",
        plain_yuan(each.settlement.total_fen),
        t("收购货款", "Goods bought"),
    ]


@blueprint.get("/cash")
@requires(WEIGHER, OWNER, LEAD)
def cash_list(settlement_run_id: int) -> str:
    """The cash list on paper, with big rows to sign."""
    with transaction() as session:
        run = _closed(session, settlement_run_id)
        due = [
            each
            for each in queries.outcomes(session, run)
            if each.result == paying.TO_PAY and each.settlement.method == paying.CASH
        ]
        return render_template("weigh/pay_cash_paper.html", run=run, due=due)


@blueprint.post("/all-paid")
@requires(OWNER, LEAD)
def all_paid(settlement_run_id: int) -> Response | tuple[str, int]:
    """The transfers have gone out, or the cash list is signed."""
    form = Form(request.form)
    try:
        method = form.choice("method", paying.METHODS)
        reference = form.text("reference", longest=60)
        form.check()
        with transaction() as session:
            how = HandOut(method, reference)
            count = service.hand_out_all(session, bounded(settlement_run_id), how, now=utc_now(), by=actor())
    except Problem as problem:
        return again(settlement_run_id, form, problem, f"reference_{form.value('method')}")
    flash(t("记下了：{n} 位农户拿到了。", "Noted: {n} farmers have it.", n=count), "done")
    return redirect(url_for("weigher.runs.show", settlement_run_id=settlement_run_id), 303)


@blueprint.get("/lines.<extension>")
@requires(WEIGHER, OWNER, LEAD)
def lines_file(settlement_run_id: int, extension: str) -> Response:
    """A closed run as a sheet: account numbers by their last four digits only."""
    header = [
        t("农户", "Farmer"),
        t("金额（元）", "Yuan"),
        t("怎么付", "By"),
        t("账号", "Account"),
        t("结果", "Result"),
        t("凭证号", "Reference"),
    ]
    with transaction() as session:
        run = _closed(session, settlement_run_id)
        rows: list[list[Cell]] = [_line(each) for each in queries.outcomes(session, run)]
    return settlement_words.sheet(extension, f"settlement-run-{run.id}", header, rows)


def _line(each: Outcome) -> list[Cell]:
    settlement = each.settlement
    return [
        settlement.farmer.name,
        plain_yuan(settlement.total_fen),
        str(settlement_words.METHOD_WORDS[settlement.method]),
        masked_tail(each.facts.account_number) if each.facts else "",
        str(settlement_words.RESULT_WORDS[each.result][0]),
        settlement.payment.reference if settlement.payment else "",
    ]


blueprint.context_processor(settlement_words.words)
