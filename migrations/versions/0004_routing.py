"""The standing plan of packing work; why and in which order somebody was handed what.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "planned_tasks",
        sa.Column("task_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_planned_tasks")),
        sa.CheckConstraint("position >= 0", name=op.f("ck_planned_tasks_position_not_negative")),
    )
    op.create_index("ix_planned_tasks_person", "planned_tasks", ["person_id", "position"])
    op.create_table(
        "standing_plan",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("made_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("tasks", sa.Integer(), nullable=False),
        sa.Column("late", sa.Integer(), nullable=False),
        sa.Column("least_late", sa.Integer(), nullable=False),
        sa.Column("unassigned", sa.Integer(), nullable=False),
        sa.Column("gini_bps", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standing_plan")),
        sa.CheckConstraint("id = 1", name=op.f("ck_standing_plan_one_plan")),
        sa.CheckConstraint("least_late <= late AND unassigned <= late", name=op.f("ck_standing_plan_bound_below")),
    )
    op.add_column("packing_tasks", sa.Column("because", sa.String()))
    op.add_column("packing_tasks", sa.Column("batch_place", sa.Integer()))


def downgrade() -> None:
    op.drop_column("packing_tasks", "batch_place")
    op.drop_column("packing_tasks", "because")
    op.drop_table("standing_plan")
    op.drop_table("planned_tasks")
