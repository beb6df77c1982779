"""The line for what is sold out.

Revision ID: 0024
Revises: 0023
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_COUNT = """
CREATE FUNCTION count_waits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    UPDATE offers SET waiting = waiting + NEW.quantity, revision = revision + 1 WHERE id = NEW.offer_id;
  ELSIF TG_OP = 'DELETE' OR OLD.state <> 'waiting' OR (NEW.offer_id, NEW.quantity, NEW.id) <> (OLD.offer_id, OLD.quantity, OLD.id) THEN
    RAISE EXCEPTION 'wait % only ends, once', OLD.id USING ERRCODE = 'check_violation', CONSTRAINT = 'waits_only_end';
  ELSIF NEW.state <> 'waiting' THEN
    UPDATE offers SET waiting = waiting - OLD.quantity, revision = revision + 1 WHERE id = OLD.offer_id;
  END IF;
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.add_column("offers", sa.Column("waiting", sa.BigInteger(), nullable=False, server_default=sa.text("0")))
    op.create_check_constraint(op.f("ck_offers_waiting_not_negative"), "offers", "waiting >= 0")
    op.create_table(
        "waits",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("stream_id", sa.BigInteger(), nullable=False),
        sa.Column("offer_id", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("wish", postgresql.JSONB(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("request_hash", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ended_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'served', 'left', 'over')", name=op.f("ck_waits_known_state")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_waits_quantity_positive")),
        sa.CheckConstraint("(state = 'waiting') = (ended_at IS NULL)", name=op.f("ck_waits_ended_or_waiting")),
        sa.CheckConstraint("(state = 'served') = (order_id IS NOT NULL)", name=op.f("ck_waits_served_has_order")),
        sa.CheckConstraint(
            "state = 'waiting' OR (phone = '' AND wish = '{}'::jsonb)", name=op.f("ck_waits_forgets_when_over")
        ),
        sa.ForeignKeyConstraint(["stream_id", "offer_id"], ["offers.stream_id", "offers.id"], name="fk_waits_offer"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_waits_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waits")),
        sa.UniqueConstraint("key", name=op.f("uq_waits_key")),
        sa.UniqueConstraint("number", name=op.f("uq_waits_number")),
        sa.UniqueConstraint("order_id", name=op.f("uq_waits_order_id")),
    )
    waiting = sa.text("state = 'waiting'")
    op.create_index("uq_waits_once_in_line", "waits", ["offer_id", "phone"], unique=True, postgresql_where=waiting)
    op.create_index("ix_waits_line", "waits", ["offer_id", "id"], postgresql_where=waiting)
    op.execute(_COUNT)
    op.execute(
        "CREATE TRIGGER waits_counted AFTER INSERT OR UPDATE OR DELETE ON waits"
        " FOR EACH ROW EXECUTE FUNCTION count_waits()"
    )


def downgrade() -> None:
    op.drop_table("waits")
    op.execute("DROP FUNCTION count_waits()")
    op.drop_column("offers", "waiting")
