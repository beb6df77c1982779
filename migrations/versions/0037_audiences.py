"""How many watched a stream; baggings of a variant are found without looking at all.

Revision ID: 0037
Revises: 0036
"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stream_audiences",
        sa.Column("stream_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("views", sa.BigInteger(), nullable=False),
        sa.Column("visitors", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.CheckConstraint(
            "views > 0 AND visitors > 0 AND visitors <= views", name=op.f("ck_stream_audiences_visitors_are_viewers")
        ),
        sa.ForeignKeyConstraint(["stream_id"], ["streams.id"], name=op.f("fk_stream_audiences_stream_id")),
        sa.PrimaryKeyConstraint("stream_id", "channel", name=op.f("pk_stream_audiences")),
    )
    op.create_index("ix_baggings_variant_id_id", "baggings", ["variant_id", "id"])


def downgrade() -> None:
    op.drop_index("ix_baggings_variant_id_id", "baggings")
    op.drop_table("stream_audiences")
