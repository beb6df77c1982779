"""Reading the forms of a farmer's account."""

from datetime import date

from fulfillment.purchasing.accounts import rules
from fulfillment.purchasing.accounts.facts_service import TypedFacts
from fulfillment.purchasing.accounts.service import Entry
from kernel.forms import Form
from kernel.parse import FieldError

_LONGEST_REF = 60


def read_entry(form: Form, farmer_id: int, photo: bytes | None, today: date) -> Entry:
    """An advance, a deduction or a supplement, with the proof that its kind needs.

    Raises:
        Invalid: naming every field that needs another look.
    """
    kind = form.choice("kind", rules.TYPED_KINDS)
    fen = form.yuan("amount", low_fen=1, high_fen=rules.MOST_FEN)
    day = form.date("day")
    what = form.choice("what", rules.INPUTS) if kind == rules.ADVANCE else ""
    paper = form.text("paper_ref", longest=_LONGEST_REF, required=False)
    reason = form.text("reason", longest=100, required=kind == rules.SUPPLEMENT)
    if "day" not in form.errors and day > today:
        form.refuse("day", "日期在将来。", "That day is in the future.")
    if kind == rules.DEDUCTION and not paper and "paper_ref" not in form.errors:
        form.refuse(
            "paper_ref",
            "扣款要写农户签过字的那张纸的编号。",
            "A deduction needs the number of the paper that was signed.",
        )
    if kind == rules.ADVANCE and not (paper or photo) and "photo" not in form.errors:
        form.refuse("paper_ref", "写收条编号，或拍一张照片。", "Write the receipt's number, or take a photo of it.")
    form.check()
    return Entry(farmer_id, kind, fen, day, what=what, paper_ref=paper, photo=photo, reason=reason)


def read_facts(form: Form, known_number: str) -> TypedFacts:
    """How a farmer is paid; an empty account or resident's number keeps the known one.

    Raises:
        Invalid: naming every field that needs another look.
    """
    method = form.choice("method", rules.METHODS)
    bank = form.text("bank", longest=60, required=False)
    holder = form.text("account_holder", longest=40, required=False)
    number = form.read("account", _read_account)
    identity = form.read("identity", _read_identity)
    address = form.text("address", longest=100, required=False)
    proof = form.text("own_growth_proof", longest=_LONGEST_REF, required=False)
    has_number = bool(number or known_number)
    if method == rules.BANK and not has_number and "account" not in form.errors:
        form.refuse("account", "转账要写账号。", "A transfer needs an account number.")
    if has_number and not holder and "account_holder" not in form.errors:
        form.refuse("account_holder", "写账号的户名。", "Write whose account it is.")
    form.check()
    return TypedFacts(method, bank, holder, number, identity, address, proof)


def _read_account(raw: object) -> str:
    digits = raw.replace(" ", "").replace("-", "") if isinstance(raw, str) else ""
    if digits and not (digits.isascii() and digits.isdigit() and 8 <= len(digits) <= 30):
        raise FieldError("账号是 8 到 30 位数字。", "An account number has 8 to 30 digits.")
    return digits


def _read_identity(raw: object) -> str:
    number = raw.strip().upper() if isinstance(raw, str) else ""
    if number and not rules.is_identity_number(number):
        raise FieldError(
            "身份证号不对，请对着证件再看一遍。", "That is no resident's number; compare it with the card."
        )
    return number
