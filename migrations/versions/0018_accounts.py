"""Advances, deductions and settlement runs.

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

from fulfillment.purchasing.accounts.models import ENTRY_CHECK_SQL, ENTRY_TRIGGER_SQL
from kernel.db import append_only_sql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

APPEND_ONLY = ("farmer_entries",)


def upgrade() -> None:
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
        sa.CheckConstraint("photo IS NULL OR length(photo) <= 400000", name=op.f("ck_farmer_entries_photo_bounded")),
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
    for table in APPEND_ONLY:
        op.execute(append_only_sql(table))
    for sql in (ENTRY_CHECK_SQL, ENTRY_TRIGGER_SQL):
        op.execute(sql)


def downgrade() -> None:
    op.drop_table("farmer_entries")
    op.drop_table("farmer_pay_facts")
    op.execute("DROP FUNCTION farmer_entry_fits()")
