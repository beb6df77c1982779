"""One PostgreSQL database: base class, column types, transactions, append-only tables."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, TypeVar
from uuid import UUID

from sqlalchemy import DDL, TIMESTAMP, BigInteger, Identity, MetaData, create_engine, event
from sqlalchemy.engine import Engine
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column, sessionmaker

# Names that Alembic can find again on every machine.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

BigId = Annotated[int, mapped_column(BigInteger, Identity(), primary_key=True)]
Fen = Annotated[int, mapped_column(BigInteger)]
Grams = Annotated[int, mapped_column(BigInteger)]
UtcTime = Annotated[datetime, mapped_column(TIMESTAMP(timezone=True))]

Row = TypeVar("Row")


class Base(DeclarativeBase):
    """The root of every table."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: TIMESTAMP(timezone=True)}  # noqa: RUF012 - SQLAlchemy reads it from the class


def one_of(column: str, words: Iterable[str]) -> str:
    """The condition of a CHECK that a column holds one of these words, which are our own."""
    return f"{column} IN ({', '.join(repr(word) for word in words)})"


REFUSE_CHANGE_SQL = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'table % is append-only: a correction is a new line', TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation';
END $$
"""


def append_only_sql(table: str) -> str:
    """The trigger that makes a table append-only; the migration and ``create_all`` use the same words."""
    return (
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


APPEND_ONLY_TABLES: list[str] = []


def append_only(table: str) -> None:
    """Let the database refuse every UPDATE and DELETE on ``table``: a ledger's lines never change."""
    APPEND_ONLY_TABLES.append(table)
    event.listen(Base.metadata.tables[table], "after_create", DDL(append_only_sql(table)))  # type: ignore[no-untyped-call]


event.listen(Base.metadata, "before_create", DDL(REFUSE_CHANGE_SQL.replace("%", "%%")))  # type: ignore[no-untyped-call]
event.listen(Base.metadata, "before_create", DDL("CREATE EXTENSION IF NOT EXISTS btree_gist"))  # type: ignore[no-untyped-call]


def lock_row(session: Session, table: type[Row], id_: int | UUID) -> Row | None:
    """The row, locked until the transaction ends and read anew, whatever this session knew of it; ``None``: no such row."""
    return session.get(table, id_, with_for_update={"of": table}, populate_existing=True)


class Database:
    """An engine and its transactions. The edge opens one transaction; services never commit."""

    def __init__(
        self, url: str, *, pool_size: int = 10, lock_timeout_ms: int = 2_000, statement_timeout_ms: int = 15_000
    ) -> None:
        self.url = url
        self.engine: Engine = create_engine(
            url,
            pool_size=pool_size,
            max_overflow=5,
            pool_timeout=4,
            pool_pre_ping=True,
            # Rows hold names and phones: an error message must not carry them into a log.
            hide_parameters=True,
            connect_args={
                "options": (
                    f"-c timezone=UTC -c lock_timeout={lock_timeout_ms} -c statement_timeout={statement_timeout_ms} "
                    # A client that hangs in the middle of its work must not hold rows for ever.
                    "-c idle_in_transaction_session_timeout=60000"
                ),
                "connect_timeout": 5,
                "application_name": "gongfang",
            },
        )
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)

    @property
    def plain_url(self) -> str:
        """The address for PostgreSQL's own programs and for psycopg without SQLAlchemy."""
        return self.url.replace("postgresql+psycopg://", "postgresql://", 1)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One transaction: committed when the block ends well, rolled back when it raises."""
        with self._sessions.begin() as session:
            yield session

    def dispose(self) -> None:
        """Close the pooled connections."""
        self.engine.dispose()
