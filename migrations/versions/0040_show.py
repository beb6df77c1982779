"""A stream's target, rehearsal and message to viewers; what the streamer says of an offer.

Revision ID: 0040
Revises: 0039
"""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("streams", sa.Column("target_fen", sa.BigInteger(), nullable=True))
    op.add_column("streams", sa.Column("rehearsing", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("streams", sa.Column("rehearsal_offer_id", sa.BigInteger(), nullable=True))
    op.add_column("streams", sa.Column("message", sa.String(), server_default="", nullable=False))
    op.create_check_constraint(op.f("ck_streams_target_positive"), "streams", "target_fen > 0")
    op.create_check_constraint(
        op.f("ck_streams_rehearsed_before"), "streams", "NOT rehearsing OR state = 'planned'"
    )
    op.create_check_constraint(
        op.f("ck_streams_shown_in_rehearsal"), "streams", "rehearsal_offer_id IS NULL OR rehearsing"
    )
    op.create_check_constraint(op.f("ck_streams_message_bounded"), "streams", "length(message) <= 80")
    op.create_foreign_key(
        "fk_streams_rehearses_own_offer", "streams", "offers", ["id", "rehearsal_offer_id"], ["stream_id", "id"]
    )
    op.add_column("offers", sa.Column("talking_points", sa.String(), server_default="", nullable=False))
    op.create_check_constraint(op.f("ck_offers_points_bounded"), "offers", "length(talking_points) <= 500")


def downgrade() -> None:
    op.drop_column("offers", "talking_points")
    op.drop_constraint("fk_streams_rehearses_own_offer", "streams", type_="foreignkey")
    for name in ("message", "rehearsal_offer_id", "rehearsing", "target_fen"):
        op.drop_column("streams", name)
