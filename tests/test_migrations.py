"""Migrations: from nothing to the models, back to nothing, and up again; ledgers are locked by triggers."""

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError

from app import migrate
from app.models import metadata
from kernel.db import APPEND_ONLY_TABLES, Database


@pytest.fixture
def empty(database: Database) -> Database:
    """The test's database, wound back to nothing."""
    command.downgrade(migrate.alembic_config(database.url), "base")
    return database


def tables(database: Database) -> set[str]:
    return set(inspect(database.engine).get_table_names()) - {"alembic_version"}


def differences(database: Database) -> list[object]:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))


def test_downgrading_leaves_nothing_and_upgrading_again_gives_the_models(empty: Database) -> None:
    assert tables(empty) == set()
    with empty.engine.connect() as connection:
        left = connection.execute(
            text("SELECT proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace "
                 "WHERE n.nspname = 'public' AND p.probin IS NULL AND p.prolang <> 12")
        )  # fmt: skip
        assert left.scalars().all() == []
    migrate.upgrade(empty.url)
    assert tables(empty) == set(metadata.tables)
    assert differences(empty) == []
    assert migrate.is_up_to_date(empty)


def test_a_schema_that_is_not_the_newest_is_noticed(empty: Database) -> None:
    assert not migrate.is_up_to_date(empty)


def test_a_difference_between_models_and_migrations_would_be_seen(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE orders ALTER COLUMN note DROP NOT NULL"))
        connection.execute(text("DROP INDEX ix_orders_lapsing"))
    assert len(differences(database)) == 2


def checks(database: Database) -> dict[str, set[str]]:
    query = text("SELECT conrelid::regclass::text AS of, conname FROM pg_constraint WHERE contype IN ('c', 'x')")
    with database.engine.connect() as connection:
        found: dict[str, set[str]] = {}
        for row in connection.execute(query):
            found.setdefault(row.of, set()).add(row.conname)
        return found


def test_checks_and_triggers_are_the_same_from_models_and_from_migrations(database: Database) -> None:
    # compare_metadata does not look at CHECK and EXCLUDE constraints or triggers.
    triggers = text(
        "SELECT tgrelid::regclass::text, tgname, tgtype FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2"
    )
    with database.engine.connect() as connection:
        migrated = checks(database), connection.execute(triggers).all()
    command.downgrade(migrate.alembic_config(database.url), "base")
    metadata.create_all(database.engine)
    with database.engine.connect() as connection:
        created = checks(database), connection.execute(triggers).all()
    assert migrated == created


@pytest.mark.parametrize("table", sorted(APPEND_ONLY_TABLES))
@pytest.mark.parametrize("change", ["UPDATE {} SET {column} = {column}", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_ledgers_refuse_every_change(database: Database, table: str, change: str) -> None:
    column = next(iter(metadata.tables[table].columns)).name
    with pytest.raises(IntegrityError, match="is append-only"), database.transaction() as session:
        session.execute(text(change.format(table, column=column)))


def test_every_table_that_calls_itself_append_only_is_known() -> None:
    assert len(APPEND_ONLY_TABLES) >= 16
    assert set(APPEND_ONLY_TABLES) <= set(metadata.tables)
