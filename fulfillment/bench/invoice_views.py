"""Purchase invoices: what is missing for whom, and the data as a sheet for whoever issues them."""

from datetime import date

from flask import Blueprint, current_app, render_template, request
from werkzeug.wrappers import Response

from fulfillment.bench import settlement_words
from fulfillment.bench import wage_pay_files as files
from fulfillment.bench.settlement_words import asked_day
from fulfillment.bench.weigher_words import today
from fulfillment.purchasing.invoices import queries, rules
from fulfillment.purchasing.invoices.rules import InvoiceLine
from kernel.audit import record_change
from kernel.forms import Form
from kernel.http import actor, current_person, requires, setting, transaction, utc_now
from kernel.people.rules import LEAD, OWNER, WEIGHER
from kernel.sheets import Cell, plain_yuan
from kernel.text import Text, t

blueprint = Blueprint("invoices", __name__, url_prefix="/pay/invoices")

FIELD_WORDS = {
    rules.BUYER: Text("工坊的统一社会信用代码", "the workshop's credit code"),
    rules.IDENTITY: Text("身份证号", "resident's number"),
    rules.ADDRESS: Text("地址", "address"),
    rules.PHONE: Text("电话", "phone"),
    rules.ACCOUNT: Text("开户行和账号", "bank and account"),
    rules.GOODS: Text("货物的税收分类", "tax class of the goods"),
    rules.PROOF_OF_PAYMENT: Text("付款凭证号", "number of the payment"),
    rules.OWN_GROWTH: Text("自产自销证明", "proof of own growth"),
}


@blueprint.get("")
@requires(WEIGHER, OWNER, LEAD)
def index() -> str:
    """Every paid delivery between two days with what an invoice for it still lacks; without days this month."""
    first, last = asked_day("from", today().replace(day=1)), asked_day("to", today())
    with transaction() as session:
        lines = queries.invoice_lines(session, first, last, setting("workshop_zone"))
    code = setting("workshop_tax_code")
    lacking = [(line, rules.missing(line, code)) for line in lines]
    by_farmer: dict[int, tuple[str, set[str]]] = {}
    for line, lacks in lacking:
        by_farmer.setdefault(line.farmer_id, (line.seller, set()))[1].update(lacks)
    return render_template(
        "weigh/pay_invoices.html",
        lines=lacking,
        by_farmer=[
            (farmer_id, name, [field for field in rules.FIELDS if field in lacks])
            for farmer_id, (name, lacks) in by_farmer.items()
        ],
        first=first,
        last=last,
        field_words=FIELD_WORDS,
    )


@blueprint.post("/file")
@requires(OWNER, LEAD)
def file() -> Response:
    """The data for whoever issues the invoices, with residents' numbers whole: who made it is written to the log."""
    form = Form(request.form)
    kind = form.choice("file", settlement_words.SHEET_KINDS)
    first, last = form.date("from"), form.date("to")
    form.check()
    with transaction() as session:
        lines = queries.invoice_lines(session, first, last, setting("workshop_zone"))
        numbers = queries.identities(session, {line.farmer_id for line in lines}, setting("secret_key"))
        rows = [_row(line, numbers.get(line.farmer_id, "")) for line in lines]
        record_change(
            session,
            actor=actor(),
            action="invoice_file.made",
            subject=f"invoices:{first}:{last}",
            at=utc_now(),
            after={"lines": len(rows), "file": kind},
        )
    return files.answer(current_app.response_class, kind, _header(), rows, f"invoices-{first}-{last}")


def _header() -> list[str]:
    """In the order of the form; numbers and days of the invoice are filled in where it is issued."""
    return [
        t("发票号码", "Invoice number"),
        t("开票日期", "Invoice date"),
        t("购买方名称", "Buyer"),
        t("购买方统一社会信用代码", "Buyer's credit code"),
        t("销售方姓名", "Seller"),
        t("销售方身份证号", "Seller's resident number"),
        t("销售方地址电话", "Seller's address and phone"),
        t("销售方开户行账号", "Seller's bank and account"),
        t("货物名称", "Goods"),
        t("规格", "Specification"),
        t("单位", "Unit"),
        t("数量", "Quantity"),
        t("单价（元）", "Price, yuan"),
        t("金额（元）", "Amount, yuan"),
        t("税率", "Tax rate"),
        t("开票人", "Issued by"),
        t("标志", "Mark"),
        t("付款凭证", "Proof of payment"),
        t("自产自销证明", "Proof of own growth"),
        t("缺什么", "Missing"),
    ]


def _row(line: InvoiceLine, identity: str) -> list[Cell]:
    person = current_person()
    lacks = rules.missing(line, setting("workshop_tax_code"))
    return [
        "",
        "",
        setting("workshop_name"),
        setting("workshop_tax_code"),
        line.seller,
        files.AccountNumber(identity),
        " ".join(part for part in (line.address, line.phone) if part),
        " ".join(part for part in (line.bank, line.account_number) if part),
        line.goods,
        line.grade,
        "kg",
        f"{line.settle_g / 1000:.2f}",
        plain_yuan(line.unit_fen_per_kg),
        plain_yuan(line.amount_fen),
        rules.TAX_FREE,
        person.name if person else "",
        rules.BOUGHT,
        _proof(line.paid_on, line.payment_reference),
        line.own_growth_proof,
        "、".join(str(FIELD_WORDS[field]) for field in lacks),
    ]


def _proof(paid_on: date, reference: str) -> str:
    return f"{paid_on} {reference}".strip()


blueprint.context_processor(settlement_words.words)
