"""The order that took over a hold, so that both are counted as one.

Revision ID: 0036
Revises: 0035
"""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

# Joined orders have the number of the next one in their log; of the others it was not written down.
FILL_SQL = """
    UPDATE orders SET replaced_by = right(log.reason, -length('joined into '))
    FROM order_log log
    WHERE log.order_id = orders.id AND log.reason LIKE 'joined into %' AND orders.paid_at IS NULL
"""


def upgrade() -> None:
    op.add_column("orders", sa.Column("replaced_by", sa.String(), nullable=True))
    op.execute(FILL_SQL)
    op.create_check_constraint(
        op.f("ck_orders_replaced_unpaid"),
        "orders",
        "replaced_by IS NULL OR paid_at IS NULL AND replaced_by <> number",
    )


def downgrade() -> None:
    op.drop_column("orders", "replaced_by")
