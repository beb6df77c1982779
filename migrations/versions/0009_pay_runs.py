"""pay runs

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

from fulfillment.piecework.pay.models import PAY_CHECKS_SQL, PAY_TRIGGERS_SQL
from kernel.db import append_only_sql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

APPEND_ONLY = ("pay_run_people", "pay_run_entries", "payouts")


def upgrade() -> None:
    op.create_table(
        "pay_runs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("opened_by_id", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("proposed_by_id", sa.BigInteger(), nullable=True),
        sa.Column("proposed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("closed_by_id", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("total_fen", sa.BigInteger(), nullable=True),
        sa.Column("reversed_by_id", sa.BigInteger(), nullable=True),
        sa.Column("reversed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("reverse_reason", sa.String(), nullable=False),
        sa.CheckConstraint(
            "(state = 'reversed') = (reversed_at IS NOT NULL AND reversed_by_id IS NOT NULL AND reverse_reason <> '')",
            name=op.f("ck_pay_runs_reversed_with_reason"),
        ),
        sa.CheckConstraint(
            "CASE WHEN state = 'open' THEN num_nonnulls(closed_by_id, closed_at, total_fen) = 0 ELSE num_nulls(closed_by_id, closed_at, total_fen) = 0 END",
            name=op.f("ck_pay_runs_closed_by_somebody"),
        ),
        sa.CheckConstraint("state IN ('open', 'closed', 'reversed')", name=op.f("ck_pay_runs_known_state")),
        sa.CheckConstraint("first_day <= last_day", name=op.f("ck_pay_runs_days_in_order")),
        sa.CheckConstraint(
            "num_nulls(proposed_by_id, proposed_at) IN (0, 2)", name=op.f("ck_pay_runs_proposed_by_somebody")
        ),
        sa.ForeignKeyConstraint(["closed_by_id"], ["people.id"], name=op.f("fk_pay_runs_closed_by_id")),
        sa.ForeignKeyConstraint(["opened_by_id"], ["people.id"], name=op.f("fk_pay_runs_opened_by_id")),
        sa.ForeignKeyConstraint(["proposed_by_id"], ["people.id"], name=op.f("fk_pay_runs_proposed_by_id")),
        sa.ForeignKeyConstraint(["reversed_by_id"], ["people.id"], name=op.f("fk_pay_runs_reversed_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pay_runs")),
    )
    op.create_index("uq_pay_runs_open", "pay_runs", ["state"], unique=True, postgresql_where=sa.text("state = 'open'"))
    op.create_table(
        "pay_run_people",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.CheckConstraint("method IN ('cash', 'bank')", name=op.f("ck_pay_run_people_known_method")),
        sa.CheckConstraint("amount_fen >= 0", name=op.f("ck_pay_run_people_nobody_owes")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_pay_run_people_person_id")),
        sa.ForeignKeyConstraint(["run_id"], ["pay_runs.id"], name=op.f("fk_pay_run_people_run_id")),
        sa.PrimaryKeyConstraint("run_id", "person_id", name=op.f("pk_pay_run_people")),
    )
    op.create_index(op.f("ix_pay_run_people_person_id"), "pay_run_people", ["person_id"], unique=False)
    op.create_table(
        "payouts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.Column("reverses_id", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.CheckConstraint(
            "(kind = 'came_back') = (reverses_id IS NOT NULL) AND fen > 0", name=op.f("ck_payouts_names_what_came_back")
        ),
        sa.CheckConstraint(
            "kind IN ('paid', 'came_back') AND method IN ('cash', 'bank')", name=op.f("ck_payouts_known_kind")
        ),
        sa.ForeignKeyConstraint(
            ["reverses_id", "run_id", "person_id", "method", "fen"],
            ["payouts.id", "payouts.run_id", "payouts.person_id", "payouts.method", "payouts.fen"],
            name="fk_payouts_reverses_id",
        ),
        sa.ForeignKeyConstraint(
            ["run_id", "person_id"], ["pay_run_people.run_id", "pay_run_people.person_id"], name="fk_payouts_run_id"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payouts")),
        sa.UniqueConstraint("id", "run_id", "person_id", "method", "fen", name="uq_payouts_same"),
    )
    op.create_index("ix_payouts_run", "payouts", ["run_id", "person_id"], unique=False)
    op.create_index("uq_payouts_reverses", "payouts", ["reverses_id"], unique=True)
    op.create_table(
        "pay_run_entries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("gives_back_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(kind = 'given_back') = (gives_back_id IS NOT NULL) AND round > 0",
            name=op.f("ck_pay_run_entries_names_what_it_gives"),
        ),
        sa.CheckConstraint("kind IN ('taken', 'given_back')", name=op.f("ck_pay_run_entries_known_kind")),
        sa.ForeignKeyConstraint(
            ["entry_id", "person_id", "amount_fen"],
            ["wage_entries.id", "wage_entries.packer_id", "wage_entries.amount_fen"],
            name="fk_pay_run_entries_entry_id",
        ),
        sa.ForeignKeyConstraint(
            ["gives_back_id", "run_id", "entry_id", "round"],
            ["pay_run_entries.id", "pay_run_entries.run_id", "pay_run_entries.entry_id", "pay_run_entries.round"],
            name="fk_pay_run_entries_gives_back_id",
        ),
        sa.ForeignKeyConstraint(
            ["run_id", "person_id"],
            ["pay_run_people.run_id", "pay_run_people.person_id"],
            name="fk_pay_run_entries_run_id",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pay_run_entries")),
        sa.UniqueConstraint("id", "run_id", "entry_id", "round", name="uq_pay_run_entries_same"),
    )
    op.create_index("ix_pay_run_entries_run", "pay_run_entries", ["run_id", "person_id"], unique=False)
    op.create_index("uq_pay_run_entries_gives_back", "pay_run_entries", ["gives_back_id"], unique=True)
    op.create_index(
        "uq_pay_run_entries_taken",
        "pay_run_entries",
        ["entry_id", "round"],
        unique=True,
        postgresql_where=sa.text("kind = 'taken'"),
    )
    for table in APPEND_ONLY:
        op.execute(append_only_sql(table))
    for sql in (*PAY_CHECKS_SQL, *PAY_TRIGGERS_SQL):
        op.execute(sql)


def downgrade() -> None:
    op.drop_table("pay_run_entries")
    op.drop_table("payouts")
    op.drop_table("pay_run_people")
    op.drop_table("pay_runs")
    op.execute("DROP FUNCTION entry_in_one_run()")
    op.execute("DROP FUNCTION paid_within_run()")
