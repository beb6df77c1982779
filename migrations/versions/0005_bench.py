"""What devices send after a gap in the network: received once each, in a ledger.

A move of a task keeps the piece rate of that moment, so that work which was taken back meanwhile is paid as it was taken.
A person knows since when devices that were signed in before are worth nothing.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

from kernel.db import append_only_sql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("task_log", sa.Column("rate_fen", sa.BigInteger()))
    op.add_column("people", sa.Column("sign_ins_ended_at", sa.TIMESTAMP(timezone=True)))
    op.create_table(
        "bench_actions",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("task_id", sa.BigInteger()),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("device_time", sa.TIMESTAMP(timezone=True)),
        sa.Column("acted_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("received_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("say_zh", sa.String(), nullable=False),
        sa.Column("say_en", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_bench_actions")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_bench_actions_person_id")),
        sa.ForeignKeyConstraint(["task_id"], ["packing_tasks.id"], name=op.f("fk_bench_actions_task_id")),
        sa.CheckConstraint(
            "kind IN ('done', 'scan', 'undo', 'give_back', 'put_back')", name=op.f("ck_bench_actions_known_kind")
        ),
        sa.CheckConstraint("state IN ('done', 'already', 'refused')", name=op.f("ck_bench_actions_known_state")),
        sa.CheckConstraint("state <> 'refused' OR code <> ''", name=op.f("ck_bench_actions_refusal_has_reason")),
        sa.CheckConstraint("state <> 'done' OR task_id IS NOT NULL", name=op.f("ck_bench_actions_done_names_its_task")),
        sa.CheckConstraint("acted_at <= received_at", name=op.f("ck_bench_actions_acted_before_received")),
    )
    op.create_index("ix_bench_actions_person", "bench_actions", ["person_id", "received_at"])
    op.create_index("ix_bench_actions_task", "bench_actions", ["task_id"])
    op.create_index(
        "ix_bench_actions_refused", "bench_actions", ["received_at"], postgresql_where=sa.text("state = 'refused'")
    )
    op.execute(append_only_sql("bench_actions"))
    op.create_table(
        "person_choices",
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("text_px", sa.SmallInteger(), server_default="20", nullable=False),
        sa.Column("reads_aloud", sa.Boolean()),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_person_choices")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_person_choices_person_id")),
        sa.CheckConstraint("text_px IN (20, 25, 30)", name=op.f("ck_person_choices_known_text_size")),
    )


def downgrade() -> None:
    op.drop_table("person_choices")
    op.drop_table("bench_actions")
    op.drop_column("people", "sign_ins_ended_at")
    op.drop_column("task_log", "rate_fen")
