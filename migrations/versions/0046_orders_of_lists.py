"""Lists in other orders: orders by their total, messages by time and recipient, ended streams by what they brought.

Revision ID: 0046
Revises: 0045
"""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_orders_total", "orders", ["total_fen", "id"])
    op.create_index("ix_notices_recipient", "notices", ["recipient", "at", "id"])
    op.create_index("ix_notices_at", "notices", ["at", "id"])
    op.create_index(
        "ix_notices_unsent", "notices", ["state", "at", "id"], postgresql_where=sa.text("state <> 'sent'")
    )
    op.create_table(
        "stream_sums",
        sa.Column("stream_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("orders", sa.BigInteger(), nullable=False),
        sa.Column("paid_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("orders >= 0 AND paid_fen >= 0", name=op.f("ck_stream_sums_not_negative")),
        sa.ForeignKeyConstraint(["stream_id"], ["streams.id"], name=op.f("fk_stream_sums_stream_id")),
        sa.PrimaryKeyConstraint("stream_id", name=op.f("pk_stream_sums")),
    )


def downgrade() -> None:
    op.drop_table("stream_sums")
    for name in ("ix_notices_unsent", "ix_notices_at", "ix_notices_recipient"):
        op.drop_index(name, table_name="notices")
    op.drop_index("ix_orders_total", table_name="orders")
