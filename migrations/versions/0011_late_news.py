"""What the lead decided about work that was done without a network and did not count.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

from kernel.db import append_only_sql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "late_decisions",
        sa.Column("action_key", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("correction_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("outcome IN ('nothing', 'correction')", name=op.f("ck_late_decisions_known_outcome")),
        sa.CheckConstraint(
            "(outcome = 'correction') = (correction_id IS NOT NULL)",
            name=op.f("ck_late_decisions_names_its_correction"),
        ),
        sa.ForeignKeyConstraint(["action_key"], ["bench_actions.key"], name=op.f("fk_late_decisions_action_key")),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_late_decisions_by_id")),
        sa.ForeignKeyConstraint(
            ["correction_id"], ["wage_corrections.id"], name=op.f("fk_late_decisions_correction_id")
        ),
        sa.PrimaryKeyConstraint("action_key", name=op.f("pk_late_decisions")),
    )
    op.create_index("ix_late_decisions_at", "late_decisions", ["at"])
    op.execute(append_only_sql("late_decisions"))


def downgrade() -> None:
    op.drop_table("late_decisions")
