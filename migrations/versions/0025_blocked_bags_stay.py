"""No parcel with bags of a blocked lot leaves, held or not.

Revision ID: 0025
Revises: 0024
"""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_FUNCTION = """
CREATE OR REPLACE FUNCTION keep_held_parcels() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM parcel_holds WHERE parcel_id = NEW.id AND freed_at IS NULL){more} THEN
    RAISE EXCEPTION 'parcel % is held back', NEW.number USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$
"""
_BLOCKED = """
    OR EXISTS (SELECT FROM parcel_bags b JOIN bag_stocks s ON s.bagging_id = b.bagging_id
               WHERE b.parcel_id = NEW.id AND s.blocked)"""


def upgrade() -> None:
    op.execute(_FUNCTION.format(more=_BLOCKED))


def downgrade() -> None:
    op.execute(_FUNCTION.format(more=""))
