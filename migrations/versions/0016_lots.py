"""Lots that were mixed, dried and counted, bags filled from several lots, best-before of every lot, blocked lots.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

from fulfillment.purchasing.lots.triggers import CHECKS_SQL, FUNCTIONS, TRIGGERS_SQL
from kernel.db import append_only_sql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_APPEND_ONLY = ("lot_parts", "bagging_parts", "lot_changes", "lot_blocks", "lots_taken_back", "baggings_taken_back")
_LOT_RULES = (
    ("known_kind", "kind IN ('delivery', 'mixed', 'dried')"),
    ("only_deliveries_are_weighed_in", "(kind = 'delivery') = (delivery_id IS NOT NULL)"),
    ("only_drying_loses", "received_g > 0 AND loss_g >= 0 AND (loss_g = 0 OR kind = 'dried')"),
)

# What was bagged and written off before is known from the baggings and from the record of changes.
_OLD_DATES_SQL = """
UPDATE lots l SET day = d.day, grade = d.grade, best_before = d.day + p.shelf_life_days
FROM deliveries d JOIN variants v ON v.id = d.variant_id JOIN products p ON p.id = v.product_id WHERE d.id = l.delivery_id
"""
_OLD_PARTS_SQL = "INSERT INTO bagging_parts (bagging_id, lot_id, grams) SELECT id, lot_id, used_g FROM baggings"
_OLD_RESTS_SQL = """
INSERT INTO lot_changes (key, lot_id, kind, grams, reason, at, by)
SELECT 'written-off:' || l.id, l.id, 'wasted', l.used_g - COALESCE(b.grams, 0),
       COALESCE(NULLIF(a.after->>'reason', ''), '以前的损耗'), COALESCE(a.at, now()), COALESCE(a.actor, 'system')
FROM lots l
LEFT JOIN (SELECT lot_id, sum(used_g) AS grams FROM baggings GROUP BY lot_id) b ON b.lot_id = l.id
LEFT JOIN LATERAL (SELECT after, at, actor FROM audit_entries WHERE subject = 'lot:' || l.id AND action = 'lot.written_off'
                   ORDER BY id DESC LIMIT 1) a ON true
WHERE l.used_g > COALESCE(b.grams, 0)
"""


def upgrade() -> None:
    _widen_lots()
    _create_parts()
    _create_changes()
    _create_blocks_and_undoing()
    for sql in (_OLD_PARTS_SQL, _OLD_RESTS_SQL, *(append_only_sql(table) for table in _APPEND_ONLY)):
        op.execute(sql)
    for sql in (*CHECKS_SQL, *(statement for _, statement in TRIGGERS_SQL)):
        op.execute(sa.text(sql.replace(":", r"\:")))


def _widen_lots() -> None:
    for column in (
        sa.Column("key", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), server_default=sa.text("'delivery'"), nullable=False),
        sa.Column("loss_g", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("grade", sa.String(), nullable=True),
        sa.Column("best_before", sa.Date(), nullable=True),
        sa.Column("blocked", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    ):
        op.add_column("lots", column)
    op.execute(_OLD_DATES_SQL)
    for name in ("day", "grade", "best_before"):
        op.alter_column("lots", name, nullable=False)
    op.alter_column("lots", "delivery_id", nullable=True)
    for name, rule in _LOT_RULES:
        op.create_check_constraint(op.f(f"ck_lots_{name}"), "lots", rule)
    op.create_unique_constraint(op.f("uq_lots_key"), "lots", ["key"])
    op.create_foreign_key(op.f("fk_lots_variant_id"), "lots", "variants", ["variant_id"], ["id"])
    open_ = sa.text("used_g < received_g")
    op.create_index("ix_lots_open", "lots", ["best_before", "id"], postgresql_where=open_)


def _grams(check: str, table: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(check, name=op.f(f"ck_{table}_grams_positive"))


def _to(table: str, column: str, of: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{of}.id"], name=op.f(f"fk_{table}_{column}"))


def _says_why(table: str) -> sa.CheckConstraint:
    return sa.CheckConstraint("reason <> ''", name=op.f(f"ck_{table}_says_why"))


def _create_parts() -> None:
    for table, into, of, from_ in (
        ("lot_parts", "child_lot_id", "lots", "parent_lot_id"),
        ("bagging_parts", "bagging_id", "baggings", "lot_id"),
    ):
        op.create_table(
            table,
            sa.Column(into, sa.BigInteger(), nullable=False),
            sa.Column(from_, sa.BigInteger(), nullable=False),
            sa.Column("grams", sa.BigInteger(), nullable=False),
            _grams("grams > 0", table),
            _to(table, into, of),
            _to(table, from_, "lots"),
            sa.PrimaryKeyConstraint(into, from_, name=op.f(f"pk_{table}")),
        )
        op.create_index(op.f(f"ix_{table}_{from_}"), table, [from_])
    op.create_check_constraint(op.f("ck_lot_parts_child_is_later"), "lot_parts", "child_lot_id > parent_lot_id")


def _create_changes() -> None:
    op.create_table(
        "lot_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("lot_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("grams", sa.BigInteger(), nullable=False),
        sa.Column("counted_g", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.CheckConstraint("kind IN ('wasted', 'counted')", name=op.f("ck_lot_changes_known_kind")),
        sa.CheckConstraint(
            "grams > 0 OR kind = 'counted' AND grams <> 0", name=op.f("ck_lot_changes_grams_go_their_way")
        ),
        sa.CheckConstraint(
            "(kind = 'counted') = (counted_g IS NOT NULL) AND counted_g >= 0",
            name=op.f("ck_lot_changes_count_is_kept"),
        ),
        _says_why("lot_changes"),
        _to("lot_changes", "lot_id", "lots"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lot_changes")),
        sa.UniqueConstraint("key", name=op.f("uq_lot_changes_key")),
    )
    op.create_index(op.f("ix_lot_changes_lot_id"), "lot_changes", ["lot_id"])
    op.create_table(
        "lot_change_photos",
        sa.Column("change_id", sa.BigInteger(), nullable=False),
        sa.Column("jpeg", sa.LargeBinary(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.CheckConstraint("octet_length(jpeg) BETWEEN 1 AND 600000", name=op.f("ck_lot_change_photos_size_bounded")),
        sa.CheckConstraint(
            "width BETWEEN 1 AND 1600 AND height BETWEEN 1 AND 1600", name=op.f("ck_lot_change_photos_pixels_bounded")
        ),
        _to("lot_change_photos", "change_id", "lot_changes"),
        sa.PrimaryKeyConstraint("change_id", name=op.f("pk_lot_change_photos")),
    )


def _create_blocks_and_undoing() -> None:
    words = (
        ("reason", sa.String()),
        ("at", sa.TIMESTAMP(timezone=True)),
        ("by", sa.String()),
    )
    op.create_table(
        "lot_blocks",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("lot_id", sa.BigInteger(), nullable=False),
        sa.Column("blocked", sa.Boolean(), nullable=False),
        *(sa.Column(name, type_, nullable=False) for name, type_ in words),
        _says_why("lot_blocks"),
        _to("lot_blocks", "lot_id", "lots"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lot_blocks")),
    )
    op.create_index("ix_lot_blocks_lot_id_id", "lot_blocks", ["lot_id", "id"])
    for table, column, of in (("lots_taken_back", "lot_id", "lots"), ("baggings_taken_back", "bagging_id", "baggings")):
        op.create_table(
            table,
            sa.Column(column, sa.BigInteger(), nullable=False),
            *(sa.Column(name, type_, nullable=False) for name, type_ in words),
            _says_why(table),
            _to(table, column, of),
            sa.PrimaryKeyConstraint(column, name=op.f(f"pk_{table}")),
        )
    op.create_table(
        "drying_ratios",
        sa.Column("from_variant_id", sa.BigInteger(), nullable=False),
        sa.Column("to_variant_id", sa.BigInteger(), nullable=False),
        sa.Column("low_bps", sa.Integer(), nullable=False),
        sa.Column("high_bps", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "low_bps > 0 AND low_bps <= high_bps AND high_bps <= 10000", name=op.f("ck_drying_ratios_a_range")
        ),
        _to("drying_ratios", "from_variant_id", "variants"),
        _to("drying_ratios", "to_variant_id", "variants"),
        sa.PrimaryKeyConstraint("from_variant_id", "to_variant_id", name=op.f("pk_drying_ratios")),
    )


def downgrade() -> None:
    # The release before knows no lot without a delivery and no bag of two lots.
    op.execute(
        "DO $$ BEGIN IF EXISTS (SELECT 1 FROM lots WHERE delivery_id IS NULL) OR EXISTS (SELECT 1 FROM baggings_taken_back) "
        "OR EXISTS (SELECT 1 FROM bagging_parts GROUP BY bagging_id HAVING count(*) > 1) THEN "
        "RAISE EXCEPTION 'lots were mixed; restore a backup of the release before instead'; END IF; END $$"
    )
    for table, name in (("lots", "lots_dated"), ("lots", "lots_add_up"), ("baggings", "baggings_add_up")):
        op.execute(f"DROP TRIGGER {name} ON {table}")
    for table in ("drying_ratios", "baggings_taken_back", "lots_taken_back", "lot_blocks", "lot_change_photos"):
        op.drop_table(table)
    for table in ("lot_changes", "bagging_parts", "lot_parts"):
        op.drop_table(table)
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}()")
    op.drop_index("ix_lots_open", table_name="lots")
    op.drop_constraint(op.f("fk_lots_variant_id"), "lots", type_="foreignkey")
    op.drop_constraint(op.f("uq_lots_key"), "lots", type_="unique")
    for name, _ in _LOT_RULES:
        op.drop_constraint(op.f(f"ck_lots_{name}"), "lots", type_="check")
    op.alter_column("lots", "delivery_id", nullable=False)
    for name in ("blocked", "best_before", "grade", "day", "loss_g", "kind", "key"):
        op.drop_column("lots", name)
