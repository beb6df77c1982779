"""What people said of their households; the charity fund.

Revision ID: 0038
Revises: 0037
"""

import sqlalchemy as sa
from alembic import op

from kernel.db import append_only_sql

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "households",
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("agreed_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('elderly', 'low_income', 'disabled', 'accompanying')", name=op.f("ck_households_known_kind")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_households_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_households")),
    )
    op.create_table(
        "fund_lines",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("takes_back_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.CheckConstraint("kind IN ('paid_in', 'spent')", name=op.f("ck_fund_lines_known_kind")),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_fund_lines_amount_positive")),
        sa.CheckConstraint("what <> '' AND length(what) <= 200", name=op.f("ck_fund_lines_says_what")),
        sa.ForeignKeyConstraint(
            ["takes_back_id", "kind", "amount_fen", "day"],
            ["fund_lines.id", "fund_lines.kind", "fund_lines.amount_fen", "fund_lines.day"],
            name=op.f("fk_fund_lines_takes_back"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fund_lines")),
        sa.UniqueConstraint("id", "kind", "amount_fen", "day", name=op.f("uq_fund_lines_same")),
        sa.UniqueConstraint("takes_back_id", name=op.f("uq_fund_lines_takes_back_id")),
    )
    op.execute(append_only_sql("fund_lines"))


def downgrade() -> None:
    op.drop_table("fund_lines")
    op.drop_table("households")
