"""What was packed lately, what is to be packed and a buyer's name are found without looking at all.

Revision ID: 0041
Revises: 0040
"""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    packed = sa.text("packed_at IS NOT NULL")
    op.create_index("ix_packing_tasks_packed_at", "packing_tasks", ["packed_at"], postgresql_where=packed)
    to_do = sa.text("state IN ('waiting', 'taken')")
    op.create_index("ix_packing_tasks_to_do", "packing_tasks", ["due_at"], postgresql_where=to_do)
    pattern = {"buyer_name": "text_pattern_ops"}
    op.create_index("ix_orders_buyer_name", "orders", ["buyer_name"], postgresql_ops=pattern)


def downgrade() -> None:
    op.drop_index("ix_orders_buyer_name", "orders")
    op.drop_index("ix_packing_tasks_to_do", "packing_tasks")
    op.drop_index("ix_packing_tasks_packed_at", "packing_tasks")
