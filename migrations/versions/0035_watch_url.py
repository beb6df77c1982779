"""Where a stream is to be watched elsewhere.

Revision ID: 0035
Revises: 0034
"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("streams", sa.Column("watch_url", sa.String(), server_default="", nullable=False))
    op.create_check_constraint(
        op.f("ck_streams_watch_url_safe"),
        "streams",
        "watch_url = '' OR watch_url ~ '^https://[^ ]+$' AND length(watch_url) <= 500",
    )


def downgrade() -> None:
    op.drop_column("streams", "watch_url")
