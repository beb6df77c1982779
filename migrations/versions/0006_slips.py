"""slips: printers, print jobs, bag labels, conformity certificates

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from kernel.db import append_only_sql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

APPEND_ONLY = ("bag_label_prints", "certificates", "certificate_lots", "certificate_prints")

# Slips printed by one person at one moment were one document.
_OLD_JOBS = """
    INSERT INTO print_jobs (key, at, by, printer, paper, offset_x_um, offset_y_um, first_place, reason)
    SELECT 'before-jobs-' || min(id), at, by, '', '100x150', 0, 0, 1, max(reason) FROM slip_prints GROUP BY at, by
"""
_OLD_PRINTS = """
    UPDATE slip_prints s SET job_id = j.id, place = n.place
    FROM print_jobs j, (SELECT id, row_number() OVER (PARTITION BY at, by ORDER BY id) AS place FROM slip_prints) n
    WHERE j.at = s.at AND j.by = s.by AND n.id = s.id
"""
# Maker and address stood in one field, parted by a dot; the label asks for both.
_PART_ADDRESS = """
    UPDATE products SET label = label || jsonb_build_object(
        '生产者', btrim(split_part(label ->> '生产者', ' · ', 1)),
        '地址', btrim(substr(label ->> '生产者', strpos(label ->> '生产者', ' · ') + 3)))
    WHERE label ->> '生产者' LIKE '% · %' AND NOT label ? '地址'
"""
_JOIN_ADDRESS = """
    UPDATE products SET label = (label - '地址') || jsonb_build_object('生产者', (label ->> '生产者') || ' · ' || (label ->> '地址'))
    WHERE label ? '地址' AND label ? '生产者'
"""


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False)


def _time(name: str = "at", *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.TIMESTAMP(timezone=True), nullable=nullable)


def _text(name: str) -> sa.Column:
    return sa.Column(name, sa.String(), nullable=False)


def _number(name: str) -> sa.Column:
    return sa.Column(name, sa.Integer(), nullable=False)


def _big(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def _how() -> list[sa.Column]:
    """The printer as it was."""
    return [
        _text("printer"),
        _text("paper"),
        _number("offset_x_um"),
        _number("offset_y_um"),
        _number("first_place"),
    ]


def upgrade() -> None:
    _create_printers()
    _create_print_jobs()
    _create_bag_labels()
    _create_certificates()
    for table in APPEND_ONLY:
        op.execute(append_only_sql(table))
    op.execute(_PART_ADDRESS)


def _create_printers() -> None:
    op.create_table(
        "printers",
        _id(),
        _text("name"),
        _text("paper"),
        _number("offset_x_um"),
        _number("offset_y_um"),
        sa.Column("is_usual", sa.Boolean(), nullable=False),
        _time("retired_at", nullable=True),
        _time("changed_at"),
        _text("changed_by"),
        sa.CheckConstraint("paper IN ('76x130', '100x150', '100x180', '70x50', 'a4')", name=op.f("ck_printers_known_paper")),
        sa.CheckConstraint(
            "offset_x_um BETWEEN -5000 AND 5000 AND offset_y_um BETWEEN -5000 AND 5000",
            name=op.f("ck_printers_offset_is_small"),
        ),
        sa.CheckConstraint("NOT is_usual OR retired_at IS NULL", name=op.f("ck_printers_usual_is_in_use")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_printers")),
    )
    op.create_index("uq_printers_usual", "printers", ["is_usual"], unique=True, postgresql_where=sa.text("is_usual"))
    op.create_index("uq_printers_name", "printers", ["name"], unique=True, postgresql_where=sa.text("retired_at IS NULL"))
    op.execute(
        "INSERT INTO printers (name, paper, offset_x_um, offset_y_um, is_usual, changed_at, changed_by) "
        "VALUES ('打单机', '100x150', 0, 0, true, now(), 'system')"
    )


def _create_print_jobs() -> None:
    op.create_table(
        "print_jobs",
        _id(),
        _text("key"),
        _time(),
        _text("by"),
        _big("by_id", nullable=True),
        *_how(),
        _text("reason"),
        _big("again_of_id", nullable=True),
        _time("came_out_at", nullable=True),
        sa.CheckConstraint("first_place > 0", name=op.f("ck_print_jobs_first_place_positive")),
        sa.CheckConstraint("again_of_id IS NULL OR reason <> ''", name=op.f("ck_print_jobs_again_has_reason")),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_print_jobs_by_id")),
        sa.ForeignKeyConstraint(["again_of_id"], ["print_jobs.id"], name=op.f("fk_print_jobs_again_of_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_print_jobs")),
        sa.UniqueConstraint("key", name=op.f("uq_print_jobs_key")),
    )
    op.create_index("ix_print_jobs_at", "print_jobs", ["at"])
    op.add_column("slip_prints", _big("job_id", nullable=True))
    op.add_column("slip_prints", sa.Column("place", sa.Integer(), nullable=True))
    op.execute("ALTER TABLE slip_prints DISABLE TRIGGER slip_prints_append_only")
    op.execute(_OLD_JOBS)
    op.execute(_OLD_PRINTS)
    op.execute("ALTER TABLE slip_prints ENABLE TRIGGER slip_prints_append_only")
    op.alter_column("slip_prints", "job_id", nullable=False)
    op.alter_column("slip_prints", "place", nullable=False)
    op.create_foreign_key(op.f("fk_slip_prints_job_id"), "slip_prints", "print_jobs", ["job_id"], ["id"])
    op.create_unique_constraint(op.f("uq_slip_prints_job_id_place"), "slip_prints", ["job_id", "place"])
    op.create_check_constraint(op.f("ck_slip_prints_place_positive"), "slip_prints", "place > 0")


def _create_bag_labels() -> None:
    op.create_table(
        "bag_label_prints",
        _id(),
        _text("key"),
        _big("lot_id"),
        _big("variant_id"),
        _number("labels"),
        _big("net_g"),
        sa.Column("packed_on", sa.Date(), nullable=False),
        sa.Column("best_before", sa.Date(), nullable=False),
        sa.Column("words", postgresql.JSONB(), nullable=False),
        *_how(),
        _big("again_of_id", nullable=True),
        _text("reason"),
        _time(),
        _text("by"),
        sa.CheckConstraint("labels > 0 AND net_g > 0", name=op.f("ck_bag_label_prints_labels_positive")),
        sa.CheckConstraint("best_before > packed_on", name=op.f("ck_bag_label_prints_best_before_is_later")),
        sa.CheckConstraint("(again_of_id IS NULL) = (reason = '')", name=op.f("ck_bag_label_prints_again_has_reason")),
        sa.CheckConstraint("first_place > 0", name=op.f("ck_bag_label_prints_first_place_positive")),
        sa.ForeignKeyConstraint(["lot_id"], ["lots.id"], name=op.f("fk_bag_label_prints_lot_id")),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name=op.f("fk_bag_label_prints_variant_id")),
        sa.ForeignKeyConstraint(["again_of_id"], ["bag_label_prints.id"], name=op.f("fk_bag_label_prints_again_of_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bag_label_prints")),
        sa.UniqueConstraint("key", name=op.f("uq_bag_label_prints_key")),
    )
    op.create_index("ix_bag_label_prints_at", "bag_label_prints", ["at"])
    op.create_index(op.f("ix_bag_label_prints_lot_id"), "bag_label_prints", ["lot_id"])


def _create_certificates() -> None:
    op.create_table(
        "certificates",
        _id(),
        _text("key"),
        _text("number"),
        _text("product"),
        _big("quantity_g"),
        _text("origin"),
        _text("promiser"),
        _text("contact"),
        _text("basis"),
        sa.Column("issued_on", sa.Date(), nullable=False),
        _time(),
        _text("by"),
        sa.CheckConstraint("quantity_g > 0", name=op.f("ck_certificates_quantity_positive")),
        sa.CheckConstraint(
            "basis IN ('tested', 'self_tested', 'controlled', 'promised')", name=op.f("ck_certificates_known_basis")
        ),
        sa.CheckConstraint(
            "promiser <> '' AND contact <> '' AND origin <> ''", name=op.f("ck_certificates_says_who_and_whence")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificates")),
        sa.UniqueConstraint("key", name=op.f("uq_certificates_key")),
        sa.UniqueConstraint("number", name=op.f("uq_certificates_number")),
    )
    op.create_index("ix_certificates_at", "certificates", ["at"])
    op.create_table(
        "certificate_lots",
        _big("certificate_id"),
        _big("lot_id"),
        sa.ForeignKeyConstraint(["certificate_id"], ["certificates.id"], name=op.f("fk_certificate_lots_certificate_id")),
        sa.ForeignKeyConstraint(["lot_id"], ["lots.id"], name=op.f("fk_certificate_lots_lot_id")),
        sa.PrimaryKeyConstraint("certificate_id", "lot_id", name=op.f("pk_certificate_lots")),
    )
    op.create_index(op.f("ix_certificate_lots_lot_id"), "certificate_lots", ["lot_id"])
    op.create_table(
        "certificate_prints",
        _id(),
        _text("key"),
        _big("certificate_id"),
        _number("round"),
        _number("copies"),
        *_how(),
        _text("reason"),
        _time(),
        _text("by"),
        sa.CheckConstraint("copies > 0 AND first_place > 0", name=op.f("ck_certificate_prints_counts_positive")),
        sa.CheckConstraint("(round = 1) = (reason = '')", name=op.f("ck_certificate_prints_again_has_reason")),
        sa.ForeignKeyConstraint(["certificate_id"], ["certificates.id"], name=op.f("fk_certificate_prints_certificate_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate_prints")),
        sa.UniqueConstraint("key", name=op.f("uq_certificate_prints_key")),
        sa.UniqueConstraint("certificate_id", "round", name=op.f("uq_certificate_prints_certificate_id_round")),
    )


def downgrade() -> None:
    op.execute(_JOIN_ADDRESS)
    for table in ("certificate_prints", "certificate_lots", "certificates", "bag_label_prints"):
        op.drop_table(table)
    for name in ("ck_slip_prints_place_positive", "uq_slip_prints_job_id_place", "fk_slip_prints_job_id"):
        op.drop_constraint(op.f(name), "slip_prints")
    op.drop_column("slip_prints", "place")
    op.drop_column("slip_prints", "job_id")
    op.drop_table("print_jobs")
    op.drop_table("printers")
