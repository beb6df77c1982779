"""Complaints of buyers with photos, and the hours in which damage is to be shown.

Revision ID: 0027
Revises: 0026
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_ONCE = """
CREATE FUNCTION decide_complaints_once() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  emptied complaints := OLD;
BEGIN
  -- A buyer who is erased leaves no words behind; nothing else of it changes.
  emptied.words := '';
  IF NEW IS DISTINCT FROM emptied AND (OLD.state <> 'open'
      OR (NEW.order_id, NEW.kind, NEW.words, NEW.at) <> (OLD.order_id, OLD.kind, OLD.words, OLD.at)) THEN
    RAISE EXCEPTION 'complaint % is decided once', OLD.id USING ERRCODE = 'check_violation', CONSTRAINT = 'complaints_decided_once';
  END IF;
  RETURN NEW;
END $$
"""


def upgrade() -> None:
    op.add_column("products", sa.Column("claim_hours", sa.Integer(), nullable=False, server_default=sa.text("24")))
    op.create_check_constraint(op.f("ck_products_claim_hours_bounded"), "products", "claim_hours BETWEEN 1 AND 720")
    op.create_table(
        "complaints",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("decided_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("refund_fen", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("kind IN ('damaged', 'return')", name=op.f("ck_complaints_known_kind")),
        sa.CheckConstraint("state IN ('open', 'granted', 'refused', 'withdrawn')", name=op.f("ck_complaints_known_state")),
        sa.CheckConstraint("(state = 'open') = (decided_at IS NULL)", name=op.f("ck_complaints_decided_or_open")),
        sa.CheckConstraint(
            "(state = 'granted') = (refund_fen IS NOT NULL)", name=op.f("ck_complaints_granted_says_how_much")
        ),
        sa.CheckConstraint("refund_fen > 0", name=op.f("ck_complaints_refund_positive")),
        sa.CheckConstraint("state <> 'refused' OR answer <> ''", name=op.f("ck_complaints_refused_says_why")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_complaints_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaints")),
        sa.UniqueConstraint("key", name=op.f("uq_complaints_key")),
    )
    open_ones = sa.text("state = 'open'")
    op.create_index("uq_complaints_one_open", "complaints", ["order_id"], unique=True, postgresql_where=open_ones)
    op.create_index("ix_complaints_order", "complaints", ["order_id"])
    op.create_table(
        "complaint_photos",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("complaint_id", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("jpeg", sa.LargeBinary(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.CheckConstraint("place BETWEEN 1 AND 4", name=op.f("ck_complaint_photos_photos_bounded")),
        sa.CheckConstraint("octet_length(jpeg) BETWEEN 1 AND 600000", name=op.f("ck_complaint_photos_size_bounded")),
        sa.CheckConstraint(
            "width BETWEEN 1 AND 1600 AND height BETWEEN 1 AND 1600", name=op.f("ck_complaint_photos_pixels_bounded")
        ),
        sa.ForeignKeyConstraint(["complaint_id"], ["complaints.id"], name=op.f("fk_complaint_photos_complaint_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaint_photos")),
        sa.UniqueConstraint("complaint_id", "place", name=op.f("uq_complaint_photos_complaint_id_place")),
    )
    op.execute(_ONCE)
    op.execute(
        "CREATE TRIGGER complaints_decided_once BEFORE UPDATE ON complaints"
        " FOR EACH ROW EXECUTE FUNCTION decide_complaints_once()"
    )


def downgrade() -> None:
    op.drop_table("complaint_photos")
    op.drop_table("complaints")
    op.execute("DROP FUNCTION decide_complaints_once()")
    op.drop_column("products", "claim_hours")
