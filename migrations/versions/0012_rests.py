"""A break, or being unwell, that a device reports while no work is in hand: an action that names no task.

Revision ID: 0012
Revises: 0011
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_KINDS = "ck_bench_actions_known_kind"
_TASK = "ck_bench_actions_done_names_its_task"


def upgrade() -> None:
    # Wider than before: the release before goes on writing what it knows.
    _replace(_KINDS, "kind IN ('done', 'scan', 'undo', 'give_back', 'put_back', 'rest')")
    _replace(_TASK, "state <> 'done' OR (task_id IS NOT NULL) = (kind <> 'rest')")


def downgrade() -> None:
    # What the release before cannot hold goes first: the break itself stands with the shift.
    op.execute("ALTER TABLE bench_actions DISABLE TRIGGER USER")
    op.execute("DELETE FROM bench_actions WHERE kind = 'rest'")
    op.execute("ALTER TABLE bench_actions ENABLE TRIGGER USER")
    _replace(_KINDS, "kind IN ('done', 'scan', 'undo', 'give_back', 'put_back')")
    _replace(_TASK, "state <> 'done' OR task_id IS NOT NULL")


def _replace(name: str, rule: str) -> None:
    op.drop_constraint(op.f(name), "bench_actions", type_="check")
    op.create_check_constraint(op.f(name), "bench_actions", rule)
