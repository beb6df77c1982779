"""Gift orders: who gives, and what the card says.

Revision ID: 0031
Revises: 0030
"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

_COLUMNS = ("gift_from", "gift_words", "giver_phone")


def upgrade() -> None:
    for name in _COLUMNS:
        op.add_column("orders", sa.Column(name, sa.String(), nullable=True))
    op.create_check_constraint(
        op.f("ck_orders_gift_whole_or_none"), "orders", f"num_nulls({', '.join(_COLUMNS)}) IN (0, 3)"
    )
    op.create_index(
        "ix_orders_giver_phone", "orders", ["giver_phone"], postgresql_where=sa.text("giver_phone IS NOT NULL")
    )


def downgrade() -> None:
    for name in _COLUMNS:
        op.drop_column("orders", name)
