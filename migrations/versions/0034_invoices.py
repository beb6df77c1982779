"""Invoices that buyers ask for.

Revision ID: 0034
Revises: 0033
"""

import sqlalchemy as sa
from alembic import op

from shop.invoices.models import KEPT_SQL, TRIGGER_SQL

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "invoices",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("tax_number", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("number", sa.String(), nullable=True),
        sa.Column("amount_fen", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.CheckConstraint("kind IN ('person', 'company')", name=op.f("ck_invoices_known_kind")),
        sa.CheckConstraint("state IN ('asked', 'issued', 'declined')", name=op.f("ck_invoices_known_state")),
        sa.CheckConstraint("length(title) BETWEEN 1 AND 100", name=op.f("ck_invoices_title_bounded")),
        sa.CheckConstraint(
            "(kind = 'company') = (tax_number <> '')", name=op.f("ck_invoices_company_has_tax_number")
        ),
        sa.CheckConstraint(
            "(state = 'issued') = (num_nulls(number, amount_fen) = 0)", name=op.f("ck_invoices_issued_has_number")
        ),
        sa.CheckConstraint("number ~ '^([0-9]{8}|[0-9]{20})$'", name=op.f("ck_invoices_number_has_its_form")),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_invoices_amount_positive")),
        sa.CheckConstraint("(state = 'asked') = (decided_at IS NULL)", name=op.f("ck_invoices_decided_or_asked")),
        sa.CheckConstraint("(state = 'declined') = (reason <> '')", name=op.f("ck_invoices_declined_says_why")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_invoices_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoices")),
        sa.UniqueConstraint("order_id", name=op.f("uq_invoices_order_id")),
        sa.UniqueConstraint("number", name=op.f("uq_invoices_number")),
    )
    op.create_index("ix_invoices_asked", "invoices", ["id"], postgresql_where=sa.text("state = 'asked'"))
    op.execute(KEPT_SQL)
    op.execute(TRIGGER_SQL)


def downgrade() -> None:
    op.drop_table("invoices")
    op.execute("DROP FUNCTION keep_issued_invoices()")
