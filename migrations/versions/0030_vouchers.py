"""Vouchers.

Revision ID: 0030
Revises: 0029
"""

import sqlalchemy as sa
from alembic import op

from shop.vouchers.triggers import COUNT_SQL, TRIGGERS_SQL

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "vouchers",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("off_fen", sa.BigInteger(), nullable=False),
        sa.Column("off_bps", sa.Integer(), nullable=False),
        sa.Column("most_off_fen", sa.BigInteger(), nullable=True),
        sa.Column("from_fen", sa.BigInteger(), nullable=False),
        sa.Column("starts_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ends_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("most_uses", sa.BigInteger(), nullable=True),
        sa.Column("per_buyer", sa.Integer(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("stopped_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('amount', 'percent')", name=op.f("ck_vouchers_known_kind")),
        sa.CheckConstraint("code ~ '^[A-Z0-9]{4,20}$'", name=op.f("ck_vouchers_code_has_its_form")),
        sa.CheckConstraint(
            "(kind = 'amount') = (off_fen > 0) AND off_fen >= 0", name=op.f("ck_vouchers_amount_says_how_much")
        ),
        sa.CheckConstraint(
            "(kind = 'percent') = (off_bps > 0) AND off_bps BETWEEN 0 AND 9000",
            name=op.f("ck_vouchers_percent_says_how_much"),
        ),
        sa.CheckConstraint("most_off_fen > 0 AND from_fen >= 0", name=op.f("ck_vouchers_bounds_make_sense")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_vouchers_ends_after_it_starts")),
        sa.CheckConstraint("per_buyer > 0", name=op.f("ck_vouchers_per_buyer_positive")),
        sa.CheckConstraint(
            "used >= 0 AND (most_uses IS NULL OR used <= most_uses)", name=op.f("ck_vouchers_used_within_bounds")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vouchers")),
        sa.UniqueConstraint("code", name=op.f("uq_vouchers_code")),
    )
    op.add_column("orders", sa.Column("voucher_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(op.f("fk_orders_voucher_id"), "orders", "vouchers", ["voucher_id"], ["id"])
    op.create_index(
        "ix_orders_voucher", "orders", ["voucher_id", "phone"], postgresql_where=sa.text("voucher_id IS NOT NULL")
    )
    op.execute(COUNT_SQL)
    for trigger in TRIGGERS_SQL:
        op.execute(trigger)


def downgrade() -> None:
    for trigger in TRIGGERS_SQL:
        op.execute(f"DROP TRIGGER {trigger.split()[3]} ON orders")
    op.execute("DROP FUNCTION count_voucher()")
    op.drop_column("orders", "voucher_id")
    op.drop_table("vouchers")
