"""Photos of price boards, decisions about corrected prices, growers' own page and streams.

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

from kernel.db import append_only_sql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_TIME = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "quote_photos",
        sa.Column("quote_id", sa.BigInteger(), nullable=False),
        sa.Column("jpeg", sa.LargeBinary(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.CheckConstraint("length(jpeg) BETWEEN 1 AND 600000", name=op.f("ck_quote_photos_photo_bounded")),
        sa.ForeignKeyConstraint(["quote_id"], ["market_quotes.id"], name=op.f("fk_quote_photos_quote_id")),
        sa.PrimaryKeyConstraint("quote_id", name=op.f("pk_quote_photos")),
    )
    _corrections()
    _own()
    for table in ("quote_photos", "quote_corrections"):
        op.execute(append_only_sql(table))


def _corrections() -> None:
    op.create_table(
        "quote_corrections",
        sa.Column("delivery_id", sa.BigInteger(), nullable=False),
        sa.Column("quote_id", sa.BigInteger(), nullable=False),
        sa.Column("farmer_id", sa.BigInteger(), nullable=False),
        sa.Column("was_fen", sa.BigInteger(), nullable=False),
        sa.Column("before_fen", sa.BigInteger(), nullable=False),
        sa.Column("would_fen", sa.BigInteger(), nullable=False),
        sa.Column("difference_fen", sa.BigInteger(), nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.CheckConstraint("decision IN ('paid', 'left')", name=op.f("ck_quote_corrections_known_decision")),
        sa.CheckConstraint(
            "(decision = 'paid') = (entry_id IS NOT NULL)", name=op.f("ck_quote_corrections_paid_has_its_line")
        ),
        sa.CheckConstraint("decision <> 'left' OR reason <> ''", name=op.f("ck_quote_corrections_left_says_why")),
        sa.CheckConstraint(
            "difference_fen = would_fen - was_fen - before_fen", name=op.f("ck_quote_corrections_difference_adds_up")
        ),
        sa.CheckConstraint(
            "difference_fen > 0 AND before_fen >= 0", name=op.f("ck_quote_corrections_in_the_farmers_favour")
        ),
        sa.ForeignKeyConstraint(
            ["delivery_id", "farmer_id", "was_fen"],
            ["deliveries.id", "deliveries.farmer_id", "deliveries.pay_fen"],
            name="fk_quote_corrections_delivery",
        ),
        sa.ForeignKeyConstraint(
            ["entry_id", "farmer_id", "difference_fen"],
            ["farmer_entries.id", "farmer_entries.farmer_id", "farmer_entries.amount_fen"],
            name="fk_quote_corrections_entry",
        ),
        sa.ForeignKeyConstraint(["quote_id"], ["market_quotes.id"], name=op.f("fk_quote_corrections_quote_id")),
        sa.PrimaryKeyConstraint("delivery_id", "quote_id", name=op.f("pk_quote_corrections")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_quote_corrections_entry_id")),
    )


def _own() -> None:
    op.create_table(
        "grower_links",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("farmer_id", sa.BigInteger(), nullable=False),
        sa.Column("made_at", _TIME, nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("first_used_at", _TIME, nullable=True),
        sa.Column("revoked_at", _TIME, nullable=True),
        sa.Column("revoked_by", sa.String(), nullable=False),
        sa.CheckConstraint(
            "(revoked_at IS NULL) = (revoked_by = '')", name=op.f("ck_grower_links_revoked_by_somebody")
        ),
        sa.ForeignKeyConstraint(["farmer_id"], ["farmers.id"], name=op.f("fk_grower_links_farmer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grower_links")),
    )
    op.create_index(
        "uq_grower_links_open", "grower_links", ["farmer_id"], unique=True, postgresql_where=sa.text("revoked_at IS NULL")
    )
    op.create_table(
        "grower_streams",
        sa.Column("stream_id", sa.BigInteger(), nullable=False),
        sa.Column("farmer_id", sa.BigInteger(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["farmer_id"], ["farmers.id"], name=op.f("fk_grower_streams_farmer_id")),
        sa.ForeignKeyConstraint(["stream_id"], ["streams.id"], name=op.f("fk_grower_streams_stream_id")),
        sa.PrimaryKeyConstraint("stream_id", name=op.f("pk_grower_streams")),
    )
    op.create_index(op.f("ix_grower_streams_farmer_id"), "grower_streams", ["farmer_id"])


def downgrade() -> None:
    for table in ("grower_streams", "grower_links", "quote_corrections", "quote_photos"):
        op.drop_table(table)
