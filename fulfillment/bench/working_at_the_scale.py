"""What the screen says before a weigh-in is written: the working, what is wrong, and what a second person would look at."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from fulfillment.bench.weigher_words import today
from fulfillment.purchasing import service
from fulfillment.purchasing.asking.rules import ASKING, NO_QUOTE, OVER
from fulfillment.purchasing.asking.service import reasons_now
from fulfillment.purchasing.growers.rules import REFUSE
from fulfillment.purchasing.rules import Slip
from fulfillment.purchasing.weighing.forms import TypedWeighIn, read_weigh_in
from kernel.errors import Problem
from kernel.forms import Form
from kernel.http import setting
from kernel.text import Text


@dataclass(frozen=True)
class Worked:
    """The slip, if there is one; else why not. ``reasons``: it can be handed in, and waits for a second person."""

    slip: Slip | None = None
    problem: Problem | None = None
    reasons: tuple[Text, ...] = ()


def work_out(session: Session, contract_id: int, form: Form) -> Worked:
    """Work out what was typed; what is wrong is marked at the form's fields. Nothing is written."""
    try:
        typed = read_weigh_in(form, contract_id, today())
        reasons = _reasons(session, typed)
    except Problem as problem:
        form.errors.update(problem.fields)
        return Worked(problem=problem)
    words = tuple(ASKING[reason] for reason in reasons)
    try:
        return Worked(service.work_out(session, typed.facts, today()).slip, None, words)
    except Problem as problem:
        if {NO_QUOTE, OVER} & set(reasons):
            return Worked(problem=problem, reasons=words)
        form.errors.update(problem.fields)
        return Worked(problem=problem)


def _reasons(session: Session, typed: TypedWeighIn) -> tuple[str, ...]:
    contract, terms = service.check_weigh_in(session, typed.facts, today())
    asks = bool(setting("certificate_second_person"))
    found = reasons_now(session, typed.facts, contract, terms, certificate_is_asked=asks)
    # A contract that refuses more than was agreed has nobody to ask about it.
    return () if OVER in found and contract.over_rule == REFUSE else found
