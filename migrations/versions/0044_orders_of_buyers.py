"""Buyers of a segment by their last day, by how often they came, and by the end of their number.

Revision ID: 0044
Revises: 0043
"""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_buyer_sums_segment_last_day", "buyer_sums", ["segment", "last_day", "phone"])
    op.create_index("ix_buyer_sums_segment_days", "buyer_sums", ["segment", "days", "phone"])
    op.create_index("ix_buyer_sums_phone_tail", "buyer_sums", [sa.text("right(phone, 4)")])


def downgrade() -> None:
    for name in ("ix_buyer_sums_phone_tail", "ix_buyer_sums_segment_days", "ix_buyer_sums_segment_last_day"):
        op.drop_index(name, table_name="buyer_sums")
