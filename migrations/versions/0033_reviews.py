"""Reviews by buyers; soaking and recipes of products.

Revision ID: 0033
Revises: 0032
"""

import sqlalchemy as sa
from alembic import op

from shop.reviews.models import BOUGHT_SQL, TRIGGER_SQL

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

PAGES = ("soaking_zh", "soaking_en", "recipe_zh", "recipe_en")


def upgrade() -> None:
    for name in PAGES:
        op.add_column("products", sa.Column(name, sa.String(), server_default="", nullable=False))
    op.create_table(
        "reviews",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("stars", sa.Integer(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("shown_name", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("decided_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.CheckConstraint("stars BETWEEN 1 AND 5", name=op.f("ck_reviews_stars_bounded")),
        sa.CheckConstraint("length(words) <= 500", name=op.f("ck_reviews_words_bounded")),
        sa.CheckConstraint("state IN ('waiting', 'shown', 'hidden')", name=op.f("ck_reviews_known_state")),
        sa.CheckConstraint(
            "(state = 'waiting') = (decided_at IS NULL)", name=op.f("ck_reviews_decided_or_waiting")
        ),
        sa.CheckConstraint(
            "(state = 'hidden') = (reason <> '') AND "
            "reason IN ('', 'personal', 'abuse', 'advertising', 'elsewhere', 'unlawful')",
            name=op.f("ck_reviews_hidden_says_why"),
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_reviews_order_id")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_reviews_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
        sa.UniqueConstraint("order_id", "product_id", name=op.f("uq_reviews_order_id_product_id")),
    )
    op.create_index(
        "ix_reviews_shown", "reviews", ["product_id", "id"], postgresql_where=sa.text("state = 'shown'")
    )
    op.create_index("ix_reviews_waiting", "reviews", ["id"], postgresql_where=sa.text("state = 'waiting'"))
    op.execute(BOUGHT_SQL)
    op.execute(TRIGGER_SQL)


def downgrade() -> None:
    op.drop_table("reviews")
    op.execute("DROP FUNCTION review_what_was_bought()")
    for name in PAGES:
        op.drop_column("products", name)
