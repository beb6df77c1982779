"""Invariants of the database itself: what it is told to refuse, it still refuses."""

from collections.abc import Iterable

from app.care.invariants import Invariant
from app.models import metadata
from kernel.db import APPEND_ONLY_TABLES


def _values(names: Iterable[str]) -> str:
    return ", ".join(f"('{name}')" for name in sorted(names))


_LEDGERS = _values(APPEND_ONLY_TABLES)
_CONSTRAINTS = _values(str(each.name) for table in metadata.tables.values() for each in table.constraints)
_INDEXES = _values(str(index.name) for table in metadata.tables.values() for index in table.indexes if index.unique)

GUARDS = (
    Invariant(
        "ledgers_are_locked",
        "the database refuses to change a ledger's lines",
        f"SELECT count(*) FROM (VALUES {_LEDGERS}) ledger(name)",  # noqa: S608 - our own words
        f"""
        SELECT 'table:' || ledger.name AS subject, 'its trigger is missing or switched off' AS found
        FROM (VALUES {_LEDGERS}) ledger(name)
        WHERE NOT EXISTS (
            SELECT 1 FROM pg_trigger t WHERE t.tgrelid = to_regclass(ledger.name) AND t.tgname = ledger.name || '_append_only'
               AND t.tgenabled IN ('O', 'A'))
        """,  # noqa: S608 - our own words
    ),
    Invariant(
        "constraints_are_in_force",
        "every constraint and unique index of the models is there, and is kept",
        f"SELECT count(*) FROM (VALUES {_CONSTRAINTS}, {_INDEXES}) wanted(name)",  # noqa: S608 - our own words
        f"""
        SELECT 'constraint:' || wanted.name AS subject, 'missing or not validated' AS found
        FROM (VALUES {_CONSTRAINTS}) wanted(name)
        WHERE NOT EXISTS (
            SELECT 1 FROM pg_constraint c WHERE c.connamespace = 'public'::regnamespace AND c.conname = wanted.name AND c.convalidated)
        UNION ALL
        SELECT 'index:' || wanted.name, 'missing or not valid'
        FROM (VALUES {_INDEXES}) wanted(name)
        WHERE NOT EXISTS (
            SELECT 1 FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
            WHERE c.relnamespace = 'public'::regnamespace AND c.relname = wanted.name AND i.indisvalid AND i.indisunique)
        UNION ALL
        SELECT 'trigger:' || c.relname, 'a foreign key is switched off'
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        WHERE c.relnamespace = 'public'::regnamespace AND t.tgisinternal AND t.tgenabled = 'D'
        GROUP BY c.relname
        """,  # noqa: S608 - our own words
    ),
)
