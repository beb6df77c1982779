"""Contracts that are changed and renewed: versions, the contract's own grade table, signed pages, more than agreed.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from fulfillment.purchasing.growers.triggers import CONTRACT_TRIGGERS
from kernel.db import append_only_sql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_COPIED = (
    "season_start, season_end, agreed_g, tolerance_bps, premium_bps, floor_fen_per_kg, quote_days, median_days, market, "
    "standard_moisture_bps, reject_above_bps, deductions, payment_days, over_rule"
)
_PROMISE = ("farmer_id", "variant_id", "premium_bps", "floor_fen_per_kg", "standard_moisture_bps")
_WITHIN = "ck_contracts_delivered_within_agreed"
_APPEND_ONLY = ("contract_versions", "contract_extras")
_FUNCTIONS = (
    "number_contract_terms",
    "write_contract_version",
    "version_is_the_contract",
    "add_contract_extra",
    "delivered_under_promise",
)


def upgrade() -> None:
    _widen_contracts()
    _create_versions()
    _create_extras()
    _create_pages()
    op.add_column(
        "deliveries", sa.Column("contract_version", sa.Integer(), server_default=sa.text("1"), nullable=False)
    )
    op.drop_constraint("fk_deliveries_promise", "deliveries", type_="foreignkey")
    op.drop_constraint("uq_contracts_promise", "contracts", type_="unique")
    op.create_foreign_key(op.f("fk_deliveries_contract_id"), "deliveries", "contracts", ["contract_id"], ["id"])
    op.create_foreign_key(
        "fk_deliveries_promise",
        "deliveries",
        "contract_versions",
        ["contract_id", "contract_version", *_PROMISE],
        ["contract_id", "version", *_PROMISE],
    )
    for statements in CONTRACT_TRIGGERS.values():
        for statement in statements:
            op.execute(sa.text(statement.replace(":=", r"\:=").replace("::", r"\:\:")))
    for table in _APPEND_ONLY:
        op.execute(append_only_sql(table))


def _widen_contracts() -> None:
    for column in (
        sa.Column("extra_g", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("median_days", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("deductions", JSONB()),
        sa.Column("over_rule", sa.String(), server_default=sa.text("'refuse'"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("terms_from", sa.Date()),
        sa.Column("terms_reason", sa.String(), server_default=sa.text("''"), nullable=False),
        sa.Column("terms_by", sa.String(), server_default=sa.text("''"), nullable=False),
        sa.Column("terms_at", sa.TIMESTAMP(timezone=True)),
        sa.Column("renews_id", sa.BigInteger()),
    ):
        op.add_column("contracts", column)
    # Each contract gets the grade table as it is now: it never took less off than it does today.
    op.execute(
        "UPDATE contracts c SET terms_from = season_start, terms_at = created_at, deductions = COALESCE(("
        "SELECT jsonb_object_agg(g.name, g.deduction_bps) FROM grades g WHERE g.product = c.product AND g.form = c.form"
        "), '{}')"
    )
    for name in ("deductions", "terms_from", "terms_at"):
        op.alter_column("contracts", name, nullable=False)
    op.create_foreign_key(op.f("fk_contracts_renews_id"), "contracts", "contracts", ["renews_id"], ["id"])
    op.create_index("uq_contracts_renewal", "contracts", ["renews_id"], unique=True, postgresql_where=sa.text("active"))
    op.create_index("ix_contracts_season_end", "contracts", ["season_end", "id"])
    _check("median_within_quote_days", "median_days BETWEEN 1 AND quote_days + 1")
    _check("known_over_rule", "over_rule IN ('refuse', 'same_terms')")
    _check("renews_another", "renews_id <> id")
    op.drop_constraint(op.f(_WITHIN), "contracts", type_="check")
    _check(
        "delivered_within_agreed",
        "delivered_g >= 0 AND extra_g >= 0 "
        "AND delivered_g * 10000 <= agreed_g * (10000 + tolerance_bps) + extra_g * 10000",
    )


def _check(name: str, rule: str) -> None:
    op.create_check_constraint(op.f(f"ck_contracts_{name}"), "contracts", rule)


def _create_versions() -> None:
    op.create_table(
        "contract_versions",
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("farmer_id", sa.BigInteger(), nullable=False),
        sa.Column("variant_id", sa.BigInteger(), nullable=False),
        sa.Column("terms_from", sa.Date(), nullable=False),
        sa.Column("season_start", sa.Date(), nullable=False),
        sa.Column("season_end", sa.Date(), nullable=False),
        sa.Column("agreed_g", sa.BigInteger(), nullable=False),
        sa.Column("tolerance_bps", sa.Integer(), nullable=False),
        sa.Column("premium_bps", sa.Integer(), nullable=False),
        sa.Column("floor_fen_per_kg", sa.BigInteger(), nullable=False),
        sa.Column("quote_days", sa.Integer(), nullable=False),
        sa.Column("median_days", sa.Integer(), nullable=False),
        sa.Column("market", sa.String(), nullable=True),
        sa.Column("standard_moisture_bps", sa.Integer(), nullable=False),
        sa.Column("reject_above_bps", sa.Integer(), nullable=True),
        sa.Column("deductions", JSONB(), nullable=False),
        sa.Column("payment_days", sa.Integer(), nullable=False),
        sa.Column("over_rule", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["contract_id"], ["contracts.id"], name=op.f("fk_contract_versions_contract_id")),
        sa.PrimaryKeyConstraint("contract_id", "version", name=op.f("pk_contract_versions")),
        sa.UniqueConstraint("contract_id", "version", *_PROMISE, name="uq_contract_versions_promise"),
    )
    # Each contract as it is becomes its first version.
    first = "SELECT id, version, farmer_id, variant_id, terms_from, {}, '', '', created_at FROM contracts"
    columns = f"contract_id, version, farmer_id, variant_id, terms_from, {_COPIED}, reason, by, at"
    op.execute(f"INSERT INTO contract_versions ({columns}) {first.format(_COPIED)}")


def _create_extras() -> None:
    op.create_table(
        "contract_extras",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column("grams", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("asked_by_id", sa.BigInteger(), nullable=False),
        sa.Column("agreed_by_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("grams > 0", name=op.f("ck_contract_extras_grams_positive")),
        sa.CheckConstraint("asked_by_id <> agreed_by_id", name=op.f("ck_contract_extras_two_people")),
        sa.ForeignKeyConstraint(["contract_id"], ["contracts.id"], name=op.f("fk_contract_extras_contract_id")),
        sa.ForeignKeyConstraint(["asked_by_id"], ["people.id"], name=op.f("fk_contract_extras_asked_by_id")),
        sa.ForeignKeyConstraint(["agreed_by_id"], ["people.id"], name=op.f("fk_contract_extras_agreed_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract_extras")),
    )
    op.create_index(op.f("ix_contract_extras_contract_id"), "contract_extras", ["contract_id"])


def _create_pages() -> None:
    op.create_table(
        "contract_pages",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("jpeg", sa.LargeBinary(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.CheckConstraint("page BETWEEN 1 AND 20", name=op.f("ck_contract_pages_pages_bounded")),
        sa.CheckConstraint("octet_length(jpeg) BETWEEN 1 AND 600000", name=op.f("ck_contract_pages_size_bounded")),
        sa.CheckConstraint(
            "width BETWEEN 1 AND 1600 AND height BETWEEN 1 AND 1600", name=op.f("ck_contract_pages_pixels_bounded")
        ),
        sa.ForeignKeyConstraint(
            ["contract_id", "version"],
            ["contract_versions.contract_id", "contract_versions.version"],
            name="fk_contract_pages_version",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract_pages")),
        sa.UniqueConstraint("contract_id", "version", "page", name="uq_contract_pages_page"),
    )


def downgrade() -> None:
    # The release before knows one set of terms a contract: it cannot hold an amended one without losing a promise.
    op.execute(
        "DO $$ BEGIN IF EXISTS (SELECT 1 FROM deliveries WHERE contract_version > 1) THEN "
        "RAISE EXCEPTION 'goods came under amended contracts; restore a backup of the release before instead'; "
        "END IF; END $$"
    )
    for trigger, table in (
        ("deliveries_under_promise", "deliveries"),
        ("contracts_write_version", "contracts"),
        ("contracts_number_terms", "contracts"),
    ):
        op.execute(f"DROP TRIGGER {trigger} ON {table}")
    op.create_unique_constraint("uq_contracts_promise", "contracts", ["id", *_PROMISE])
    op.drop_constraint("fk_deliveries_promise", "deliveries", type_="foreignkey")
    op.create_foreign_key(
        "fk_deliveries_promise", "deliveries", "contracts", ["contract_id", *_PROMISE], ["id", *_PROMISE]
    )
    op.drop_constraint(op.f("fk_deliveries_contract_id"), "deliveries", type_="foreignkey")
    op.drop_column("deliveries", "contract_version")
    for table in ("contract_pages", "contract_extras", "contract_versions"):
        op.drop_table(table)
    for function in _FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}()")
    _narrow_contracts()


def _narrow_contracts() -> None:
    op.drop_constraint(op.f(_WITHIN), "contracts", type_="check")
    # NOT VALID: what two people agreed to take besides stays delivered.
    op.execute(
        f"ALTER TABLE contracts ADD CONSTRAINT {_WITHIN} CHECK (delivered_g >= 0 "
        "AND delivered_g * 10000 <= agreed_g * (10000 + tolerance_bps)) NOT VALID"
    )
    for name in ("median_within_quote_days", "known_over_rule", "renews_another"):
        op.drop_constraint(op.f(f"ck_contracts_{name}"), "contracts", type_="check")
    op.drop_index("ix_contracts_season_end", table_name="contracts")
    op.drop_index("uq_contracts_renewal", table_name="contracts")
    for column in (
        "renews_id",
        "terms_at",
        "terms_by",
        "terms_reason",
        "terms_from",
        "version",
        "over_rule",
        "deductions",
        "median_days",
        "extra_g",
    ):
        op.drop_column("contracts", column)
