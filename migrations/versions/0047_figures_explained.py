"""Orders by province, and buyers by the day they first came.

Revision ID: 0047
Revises: 0046
"""

from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_orders_province", "orders", ["province", "id"])
    op.create_index("ix_buyer_sums_first_day", "buyer_sums", ["first_day"])


def downgrade() -> None:
    op.drop_index("ix_buyer_sums_first_day", table_name="buyer_sums")
    op.drop_index("ix_orders_province", table_name="orders")
