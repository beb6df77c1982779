"""What each buyer bought, who wants news, and the figures over time.

Revision ID: 0039
Revises: 0038
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "buyer_sums",
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.Column("kept_fen", sa.BigInteger(), nullable=False),
        sa.Column("segment", sa.String(), nullable=False),
        sa.CheckConstraint(
            "orders >= days AND days > 0 AND first_day <= last_day", name=op.f("ck_buyer_sums_makes_sense")
        ),
        sa.CheckConstraint(
            "segment IN ('new', 'returning', 'once', 'lapsed')", name=op.f("ck_buyer_sums_known_segment")
        ),
        sa.PrimaryKeyConstraint("phone", name=op.f("pk_buyer_sums")),
    )
    op.create_index("ix_buyer_sums_segment", "buyer_sums", ["segment", "kept_fen", "phone"])
    op.create_table(
        "news_consents",
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("agreed_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("phone <> ''", name=op.f("ck_news_consents_phone_given")),
        sa.PrimaryKeyConstraint("phone", name=op.f("pk_news_consents")),
    )
    op.create_table(
        "insights",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("asked_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("made_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("figures", JSONB(), nullable=True),
        sa.CheckConstraint("(made_at IS NULL) = (figures IS NULL)", name=op.f("ck_insights_made_whole")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_insights")),
        sa.UniqueConstraint("key", name=op.f("uq_insights_key")),
    )


def downgrade() -> None:
    for table in ("insights", "news_consents", "buyer_sums"):
        op.drop_table(table)
