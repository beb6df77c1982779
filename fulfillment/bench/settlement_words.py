"""What the pages about paying farmers share: their words, who may do what, sums and days as they are shown."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from flask import Response, current_app, request
from werkzeug.wrappers import Response as AnyResponse

from fulfillment.bench import wage_pay_files as files
from fulfillment.bench.weigher_words import today
from fulfillment.purchasing.accounts import rules as accounts
from fulfillment.purchasing.runs import rules as runs
from fulfillment.purchasing.settlements import rules as paying
from fulfillment.purchasing.statements import queries as statements
from kernel.errors import NotFound
from kernel.http import current_person
from kernel.parse import FieldError, parse_date
from kernel.people.rules import LEAD, OWNER
from kernel.sheets import Cell
from kernel.text import Text

KIND_WORDS: Mapping[str, Text] = {
    accounts.ADVANCE: Text("预支", "Advance"),
    accounts.DEDUCTION: Text("约定扣款", "Agreed deduction"),
    accounts.SUPPLEMENT: Text("补付", "Supplement"),
    accounts.CAME_BACK: Text("退回的钱", "Money that came back"),
    accounts.REVERSAL: Text("撤销", "Undone"),
}
MOVEMENT_WORDS: Mapping[str, Text] = {
    **KIND_WORDS,
    statements.DELIVERY: Text("交货", "Delivery"),
    statements.VOID: Text("作废的交货", "Void delivery"),
    statements.PAID: Text("付款", "Payment"),
}
INPUT_WORDS: Mapping[str, Text] = {
    accounts.SPAWN: Text("菌种", "spawn"),
    accounts.BAGS: Text("菌棒袋", "bags"),
    accounts.FUEL: Text("柴火油电", "fuel"),
    accounts.MONEY: Text("现钱", "money"),
    accounts.OTHER: Text("别的", "something else"),
}
METHOD_WORDS: Mapping[str, Text] = {
    paying.CASH: Text("现金", "Cash"),
    paying.BANK: Text("银行转账", "Bank transfer"),
}
MARK_WORDS: Mapping[str, Text] = {
    runs.FIRST: Text("第一次付", "First payment"),
    runs.NEW_ACCOUNT: Text("账号换过", "Account changed"),
    runs.MUCH_MORE: Text("比平时多很多", "Much more than usual"),
    runs.QUESTIONED: Text("有交货待核实", "A delivery is under question"),
    runs.NO_ACCOUNT: Text("没有账号", "No account number"),
    runs.GONE: Text("有的已在柜台付了", "Some was paid at the counter"),
    runs.LESS_KEPT: Text("抵扣不到那么多", "Less can be set off"),
}
# A word, a tone and a shape each.
RESULT_WORDS: Mapping[str, tuple[Text, str, str]] = {
    paying.TO_PAY: (Text("还没付", "To be paid"), "gold", "clock"),
    paying.PAID: (Text("付了", "Paid"), "moss", "check"),
    paying.CAME_BACK: (Text("退回来了", "Came back"), "live", "undo"),
    paying.REVERSED: (Text("撤销了", "Reversed"), "plain", "close"),
}
RUN_WORDS: Mapping[str, tuple[Text, str, str]] = {
    runs.DRAFT: (Text("草稿，等人核对", "Draft, to be looked at"), "gold", "clock"),
    runs.CLOSED: (Text("定了", "Closed"), "moss", "check"),
    runs.DROPPED: (Text("没付", "Dropped"), "plain", "close"),
}
SHEET_KINDS: Final = (files.CSV, files.XLSX)


def words() -> dict[str, Callable[..., Any] | Mapping[str, Any] | bool]:
    """What every template about paying may use."""
    person = current_person()
    roles = person.roles if person else frozenset()
    return {
        "kind_words": KIND_WORDS,
        "movement_words": MOVEMENT_WORDS,
        "input_words": INPUT_WORDS,
        "method_words": METHOD_WORDS,
        "mark_words": MARK_WORDS,
        "result_words": RESULT_WORDS,
        "run_words": RUN_WORDS,
        "masked": accounts.masked_tail,
        "result_of": result_of,
        "may_run": bool(roles & {LEAD, OWNER}),
    }


def result_of(settlement: Any) -> str:
    """How a settlement ended so far."""
    return paying.result_of(is_paid=settlement.payment is not None, is_returned=settlement.returned is not None)


def asked_day(name: str, otherwise: date) -> date:
    """A day from the address line; a broken one counts as not given."""
    try:
        return parse_date(request.args.get(name))
    except FieldError:
        return otherwise


def sheet(extension: str, name: str, header: list[str], rows: list[list[Cell]]) -> AnyResponse:
    """A list as CSV or XLSX, of which no cell can run.

    Raises:
        NotFound: another kind of file.
    """
    if extension not in SHEET_KINDS:
        raise NotFound
    response: type[Response] = current_app.response_class
    return files.answer(response, extension, header, rows, f"{name}-{today()}")
