"""The plan of a day from a case on standard input; nothing is stored."""

import json
import sys
from collections.abc import Mapping
from typing import Any, Final

import click

from app.weights import weights_of
from config import load_settings
from fulfillment.routing.day import NO_TIME, NOBODY_CAN, Plan, Weights
from fulfillment.routing.forms import LARGEST_DAY_BYTES, DayForm, read_day
from fulfillment.routing.measures import gini, points
from fulfillment.routing.planning import plan_day
from kernel.text import Text

_REASONS: Final[Mapping[str, Text]] = {
    NOBODY_CAN: Text("今天在场的人里没有人能做", "Nobody who is there has the abilities that it needs."),
    NO_TIME: Text("能做的人都没有时间了", "Nobody who is able to do it has time left."),
}


@click.command("plan-work")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value and nothing else.")
def plan_work(as_json: bool) -> None:
    r"""Route packing work: read a day as JSON on standard input and print who packs what when.

    \b
    In:  {"now", "tasks": [{"id", "due", "minutes", "rate_fen", "weight_g", "needs", "sku_mix"}],
         "packers": [{"id", "from", "until", "abilities", "earned_fen", "hours_worked", "priority",
         "max_batch", "max_batch_g"}], "max_batch", "max_batch_g", "before"}
    Out: {"batches": [{"packer", "tasks", "start", "end"}], "late", "unassigned": [{"id", "reason"}],
         "earnings", "objective", "bound"}

    Times are ISO 8601 with a zone. `priority` is 0 (none) to 2 (the household helped first). `before` are the
    batches of an earlier plan: it is mended, and only what must or is worth it changes hands.

    `late` are tasks that end after their due time: they are done all the same. `unassigned` are those for which
    no able person has any time. `earnings` is what the plan brings each packer, in fen.

    `objective`: late (parcels not done in time, unassigned ones included), unassigned, gini (of earnings an hour of
    presence, what was earned before included), moved (tasks taken from whom `before` had), set_ups (changes of
    goods), points (all of it by the weights, which are settings). `bound`: late, which no plan can go below.
    """
    form = read_day(sys.stdin.buffer.read(LARGEST_DAY_BYTES + 1), weights_of(load_settings()))
    plan = plan_day(form.day)
    if as_json:
        click.echo(json.dumps(answer(form, plan), ensure_ascii=False))
    else:
        _tell(form, plan)


def answer(form: DayForm, plan: Plan) -> dict[str, Any]:
    """The plan in the form of interfaces.md."""
    weights: Weights = form.day.weights
    return {
        "batches": [
            {
                "packer": form.packer_ids[batch.person],
                "tasks": [form.task_ids[task.id] for task in batch.tasks],
                "start": form.at(batch.start_s),
                "end": form.at(batch.end_s),
            }
            for batch in plan.batches
        ],
        "late": [form.task_ids[task] for task in plan.late],
        "unassigned": [
            {"id": form.task_ids[task], "code": reason, "reason": _REASONS[reason].en, "reason_zh": _REASONS[reason].zh}
            for task, reason in plan.unassigned.items()
        ],
        "earnings": dict(plan.earnings_fen),
        "objective": {
            "late": plan.not_in_time,
            "unassigned": len(plan.unassigned),
            "gini": round(gini(plan.rates_fen), 6),
            "moved": plan.moved,
            "set_ups": plan.set_ups,
            "points": points(plan, weights),
        },
        "bound": {"late": plan.least_late},
    }


def _tell(form: DayForm, plan: Plan) -> None:
    for batch in plan.batches:
        tasks = " ".join(str(task.id) for task in batch.tasks)
        click.echo(f"{form.at(batch.start_s)}  {form.at(batch.end_s)}  {batch.person}: {tasks}")
    click.echo(
        f"{plan.not_in_time} not in time (no plan has less than {plan.least_late}), {len(plan.unassigned)} of them "
        f"unassigned; Gini of earnings an hour {gini(plan.rates_fen):.4f}; {plan.set_ups} changes of goods"
    )
