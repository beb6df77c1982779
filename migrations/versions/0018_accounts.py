"""Advances, deductions and settlement runs.

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

from fulfillment.purchasing.accounts.models import ENTRY_CHECK_SQL, ENTRY_TRIGGER_SQL
from fulfillment.purchasing.settlements.triggers import CHECKS_SQL, FUNCTIONS, TRIGGERS_SQL
from kernel.db import append_only_sql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

APPEND_ONLY = ("farmer_entries", "settlement_parts", "settlement_payments", "settlement_returns")


def upgrade() -> None:
    _accounts()
    _settlements()
    _results()
    _drafts()
    for table in APPEND_ONLY:
        op.execute(append_only_sql(table))
    # What was settled so far was handed out at the counter.
    op.execute(
        "INSERT INTO settlement_payments (settlement_id, farmer_id, fen, method, reference, signature, at, by) "
        "SELECT id, farmer_id, total_fen, method, reference, '', at, by FROM settlements"
    )
    for sql in (ENTRY_CHECK_SQL, ENTRY_TRIGGER_SQL, *CHECKS_SQL, *(sql for _, sql in TRIGGERS_SQL)):
        op.execute(sql)


def _accounts() -> None:
    op.create_table(
        "farmer_pay_facts",
        sa.Column("farmer_id", sa.BigInteger(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("bank", sa.String(), nullable=False),
        sa.Column("account_holder", sa.String(), nullable=False),
        sa.Column("account_number", sa.String(), nullable=False),
        sa.Column("account_changed_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("identity_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("identity_tail", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("own_growth_proof", sa.String(), nullable=False),
        sa.Column("changed_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.CheckConstraint(
            "(account_number = '') = (account_holder = '')", name=op.f("ck_farmer_pay_facts_holder_and_number")
        ),
        sa.CheckConstraint(
            "(identity_sealed IS NULL) = (identity_tail = '')", name=op.f("ck_farmer_pay_facts_sealed_with_tail")
        ),
        sa.CheckConstraint("account_number ~ '^[0-9]{0,30}$'", name=op.f("ck_farmer_pay_facts_number_is_digits")),
        sa.CheckConstraint("method IN ('cash', 'bank')", name=op.f("ck_farmer_pay_facts_known_method")),
        sa.CheckConstraint("length(identity_tail) <= 4", name=op.f("ck_farmer_pay_facts_tail_is_short")),
        sa.ForeignKeyConstraint(["farmer_id"], ["farmers.id"], name=op.f("fk_farmer_pay_facts_farmer_id")),
        sa.PrimaryKeyConstraint("farmer_id", name=op.f("pk_farmer_pay_facts")),
    )
    op.create_table(
        "farmer_entries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("idempotency_key", sa.String(), nullable=False),
        sa.Column("farmer_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("delivery_id", sa.BigInteger(), nullable=True),
        sa.Column("paper_ref", sa.String(), nullable=False),
        sa.Column("photo", sa.LargeBinary(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("reverses_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.CheckConstraint(
            "(kind = 'advance') = (what <> '') AND what IN ('', 'spawn', 'bags', 'fuel', 'money', 'other')",
            name=op.f("ck_farmer_entries_known_input"),
        ),
        sa.CheckConstraint(
            "(kind = 'reversal') = (reverses_id IS NOT NULL)", name=op.f("ck_farmer_entries_names_what_it_undoes")
        ),
        sa.CheckConstraint(
            "CASE WHEN kind IN ('advance', 'deduction') THEN amount_fen < 0 WHEN kind IN ('supplement', 'came_back') THEN amount_fen > 0 ELSE amount_fen <> 0 END",
            name=op.f("ck_farmer_entries_amount_has_its_sign"),
        ),
        sa.CheckConstraint(
            "kind <> 'advance' OR paper_ref <> '' OR photo IS NOT NULL",
            name=op.f("ck_farmer_entries_advance_has_proof"),
        ),
        sa.CheckConstraint(
            "kind <> 'deduction' OR paper_ref <> ''", name=op.f("ck_farmer_entries_deduction_is_signed")
        ),
        sa.CheckConstraint(
            "kind IN ('advance', 'deduction', 'supplement', 'came_back', 'reversal')",
            name=op.f("ck_farmer_entries_known_kind"),
        ),
        sa.CheckConstraint(
            "kind NOT IN ('supplement', 'came_back', 'reversal') OR reason <> ''",
            name=op.f("ck_farmer_entries_says_why"),
        ),
        sa.CheckConstraint("photo IS NULL OR length(photo) <= 600000", name=op.f("ck_farmer_entries_photo_bounded")),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name=op.f("fk_farmer_entries_delivery_id")),
        sa.ForeignKeyConstraint(["farmer_id"], ["farmers.id"], name=op.f("fk_farmer_entries_farmer_id")),
        sa.ForeignKeyConstraint(
            ["reverses_id", "farmer_id"],
            ["farmer_entries.id", "farmer_entries.farmer_id"],
            name="fk_farmer_entries_reverses_id",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_farmer_entries")),
        sa.UniqueConstraint("id", "farmer_id", "amount_fen", name="uq_farmer_entries_owed"),
        sa.UniqueConstraint("id", "farmer_id", name="uq_farmer_entries_of"),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_farmer_entries_idempotency_key")),
    )
    op.create_index(op.f("ix_farmer_entries_delivery_id"), "farmer_entries", ["delivery_id"], unique=False)
    op.create_index("ix_farmer_entries_farmer", "farmer_entries", ["farmer_id", "day", "id"], unique=False)
    op.create_index("uq_farmer_entries_reverses_id", "farmer_entries", ["reverses_id"], unique=True)


def _settlements() -> None:
    op.create_table(
        "settlement_runs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("idempotency_key", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("set_off_cap_bps", sa.Integer(), nullable=False),
        sa.Column("made_by_id", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("closed_by_id", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("total_fen", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "CASE WHEN state = 'closed' THEN num_nulls(closed_by_id, closed_at, total_fen) = 0 ELSE num_nonnulls(closed_by_id, closed_at, total_fen) = 0 END",
            name=op.f("ck_settlement_runs_closed_by_somebody"),
        ),
        sa.CheckConstraint("state IN ('draft', 'closed', 'dropped')", name=op.f("ck_settlement_runs_known_state")),
        sa.CheckConstraint("closed_by_id <> made_by_id", name=op.f("ck_settlement_runs_closed_by_another")),
        sa.CheckConstraint("set_off_cap_bps BETWEEN 0 AND 10000", name=op.f("ck_settlement_runs_cap_within_whole")),
        sa.ForeignKeyConstraint(["closed_by_id"], ["people.id"], name=op.f("fk_settlement_runs_closed_by_id")),
        sa.ForeignKeyConstraint(["made_by_id"], ["people.id"], name=op.f("fk_settlement_runs_made_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settlement_runs")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_settlement_runs_idempotency_key")),
    )
    op.add_column("settlements", sa.Column("run_id", sa.BigInteger(), nullable=True))
    op.add_column("settlements", sa.Column("set_off_cap_bps", sa.Integer(), server_default="0", nullable=False))
    op.create_unique_constraint("uq_settlements_once_a_run", "settlements", ["run_id", "farmer_id"])
    op.create_unique_constraint("uq_settlements_paid", "settlements", ["id", "farmer_id", "total_fen"])
    op.create_foreign_key(op.f("fk_settlements_run_id"), "settlements", "settlement_runs", ["run_id"], ["id"])
    op.drop_constraint("ck_settlements_total_positive", "settlements")
    op.create_check_constraint(op.f("ck_settlements_never_negative"), "settlements", "total_fen >= 0")
    op.create_check_constraint(
        op.f("ck_settlements_cap_within_whole"), "settlements", "set_off_cap_bps BETWEEN 0 AND 10000"
    )


def _results() -> None:
    op.create_table(
        "settlement_parts",
        sa.Column("settlement_id", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("farmer_id", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_fen <> 0", name=op.f("ck_settlement_parts_not_nothing")),
        sa.ForeignKeyConstraint(
            ["entry_id", "farmer_id"], ["farmer_entries.id", "farmer_entries.farmer_id"], name="fk_settlement_parts_of"
        ),
        sa.ForeignKeyConstraint(
            ["settlement_id", "farmer_id"],
            ["settlements.id", "settlements.farmer_id"],
            name="fk_settlement_parts_paid_to",
        ),
        sa.PrimaryKeyConstraint("settlement_id", "entry_id", name=op.f("pk_settlement_parts")),
    )
    op.create_index(op.f("ix_settlement_parts_entry_id"), "settlement_parts", ["entry_id"], unique=False)
    op.create_table(
        "settlement_payments",
        sa.Column("settlement_id", sa.BigInteger(), nullable=False),
        sa.Column("farmer_id", sa.BigInteger(), nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("signature", sa.String(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.CheckConstraint("method IN ('cash', 'bank')", name=op.f("ck_settlement_payments_known_method")),
        sa.CheckConstraint("length(signature) <= 20000", name=op.f("ck_settlement_payments_signature_bounded")),
        sa.ForeignKeyConstraint(
            ["settlement_id", "farmer_id", "fen"],
            ["settlements.id", "settlements.farmer_id", "settlements.total_fen"],
            name="fk_settlement_payments_whole",
        ),
        sa.PrimaryKeyConstraint("settlement_id", name=op.f("pk_settlement_payments")),
    )
    op.create_index(op.f("ix_settlement_payments_farmer_id"), "settlement_payments", ["farmer_id"], unique=False)
    op.create_table(
        "settlement_returns",
        sa.Column("settlement_id", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("farmer_id", sa.BigInteger(), nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id", "farmer_id", "fen"],
            ["farmer_entries.id", "farmer_entries.farmer_id", "farmer_entries.amount_fen"],
            name="fk_settlement_returns_owed_again",
        ),
        sa.ForeignKeyConstraint(
            ["settlement_id", "farmer_id", "fen"],
            ["settlements.id", "settlements.farmer_id", "settlements.total_fen"],
            name="fk_settlement_returns_whole",
        ),
        sa.PrimaryKeyConstraint("settlement_id", name=op.f("pk_settlement_returns")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_settlement_returns_entry_id")),
    )
    op.create_table(
        "payable_questions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("payable_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("asked_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("answered_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("answered_by", sa.String(), nullable=False),
        sa.CheckConstraint(
            "(answered_at IS NULL) = (answer = '')", name=op.f("ck_payable_questions_answered_with_words")
        ),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_payable_questions_says_why")),
        sa.ForeignKeyConstraint(["payable_id"], ["payables.id"], name=op.f("fk_payable_questions_payable_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payable_questions")),
    )
    op.create_index(op.f("ix_payable_questions_payable_id"), "payable_questions", ["payable_id"], unique=False)
    op.create_index(
        "uq_payable_questions_open",
        "payable_questions",
        ["payable_id"],
        unique=True,
        postgresql_where=sa.text("answered_at IS NULL"),
    )


def _drafts() -> None:
    op.create_table(
        "settlement_run_farmers",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("farmer_id", sa.BigInteger(), nullable=False),
        sa.Column("set_off_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("set_off_fen >= 0", name=op.f("ck_settlement_run_farmers_set_off_not_negative")),
        sa.ForeignKeyConstraint(["farmer_id"], ["farmers.id"], name=op.f("fk_settlement_run_farmers_farmer_id")),
        sa.ForeignKeyConstraint(["run_id"], ["settlement_runs.id"], name=op.f("fk_settlement_run_farmers_run_id")),
        sa.PrimaryKeyConstraint("run_id", "farmer_id", name=op.f("pk_settlement_run_farmers")),
    )
    op.create_table(
        "settlement_run_payables",
        sa.Column("payable_id", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("farmer_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["payable_id"], ["payables.id"], name=op.f("fk_settlement_run_payables_payable_id")),
        sa.ForeignKeyConstraint(
            ["run_id", "farmer_id"],
            ["settlement_run_farmers.run_id", "settlement_run_farmers.farmer_id"],
            name=op.f("fk_settlement_run_payables_run_id_farmer_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("payable_id", name=op.f("pk_settlement_run_payables")),
    )
    op.create_index(op.f("ix_settlement_run_payables_run_id"), "settlement_run_payables", ["run_id"], unique=False)


def downgrade() -> None:
    for table in ("settlement_run_payables", "settlement_run_farmers", "payable_questions"):
        op.drop_table(table)
    for table in ("settlement_returns", "settlement_payments", "settlement_parts"):
        op.drop_table(table)
    op.execute("DROP TRIGGER settlements_add_up ON settlements")
    op.execute("DROP TRIGGER settlement_lines_add_up ON settlement_lines")
    op.execute("DROP TRIGGER settlement_lines_as_promised ON settlement_lines")
    op.drop_constraint("ck_settlements_cap_within_whole", "settlements")
    op.drop_constraint("ck_settlements_never_negative", "settlements")
    op.create_check_constraint(op.f("ck_settlements_total_positive"), "settlements", "total_fen > 0")
    op.drop_constraint("uq_settlements_paid", "settlements")
    op.drop_constraint("uq_settlements_once_a_run", "settlements")
    op.drop_column("settlements", "set_off_cap_bps")
    op.drop_column("settlements", "run_id")
    op.drop_table("settlement_runs")
    op.drop_table("farmer_entries")
    op.drop_table("farmer_pay_facts")
    for name in ("farmer_entry_fits", *FUNCTIONS):
        op.execute(f"DROP FUNCTION {name}()")
