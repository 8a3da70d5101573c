"""The connection to SQLite or PostgreSQL: transactions, durability, migrations."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import ConnectionPoolEntry, StaticPool

from engine.catalogue.tables import metadata
from engine.errors import Conflict, InvalidInput

HEAD = "0004"
"""The newest revision; kept here so that opening a new or current catalogue imports no Alembic."""

_PRAGMAS = (
    "PRAGMA busy_timeout = 10000",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # a commit survives a loss of power
    "PRAGMA foreign_keys = ON",
    "PRAGMA cache_size = -32000",  # KiB
)
_WRITES = "lookalike_writes"


class Database:
    """Read and write transactions over one engine; safe to share between threads.

    Args:
        url: An SQLAlchemy URL, or the path of an SQLite file.

    Raises:
        InvalidInput: The URL cannot be used.
        Conflict: The database is newer than this program, or not a catalogue.
    """

    def __init__(self, url: str) -> None:
        self._engine, self._is_memory = _connect(url)
        self._writing = threading.RLock()
        try:
            _migrate(self._engine)
        except DBAPIError as error:
            self._engine.dispose()
            raise Conflict(
                f"the catalogue cannot be opened ({error.orig}).",
                where=self.name,
                hint="Check that the URL names a catalogue of Lookalike and that it is reachable.",
                code="catalogue.unreadable",
            ) from error
        except Conflict:
            self._engine.dispose()
            raise

    @property
    def name(self) -> str:
        """The URL without its password."""
        return self._engine.url.render_as_string(hide_password=True)

    @contextmanager
    def read(self) -> Generator[sa.Connection]:
        """A consistent view of the database."""
        # All threads share the one connection of a database in memory, so they take turns.
        turn: AbstractContextManager[Any] = self._writing if self._is_memory else nullcontext()
        with turn, self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Generator[sa.Connection]:
        """A transaction that is durable once the block ends; one writer at a time."""
        with self._writing, self._engine.connect() as connection:
            connection.execution_options(**{_WRITES: True})
            with connection.begin():
                yield connection

    def insert(self, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
        """An insert that can say what happens on a conflict."""
        if self._engine.dialect.name == "postgresql":
            return postgresql.insert(table)
        return sqlite.insert(table)

    def close(self) -> None:
        """Release every connection. Closing twice is fine."""
        self._engine.dispose()


def _connect(text: str) -> tuple[sa.Engine, bool]:
    try:
        url = sa.make_url(text if "://" in text else f"sqlite:///{text}")
    except ArgumentError as error:
        raise InvalidInput(f"{text!r} is not a database URL.", where="catalogue") from error
    if url.get_backend_name() == "sqlite":
        return _connect_sqlite(url)
    if url.get_backend_name() != "postgresql":
        raise InvalidInput(
            f"{url.drivername!r} is not supported.",
            where="catalogue",
            hint="Use sqlite:///path or postgresql+psycopg://user@host/name.",
        )
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    try:
        return sa.create_engine(url, pool_pre_ping=True), False
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise InvalidInput(
            "the driver for PostgreSQL is not installed.",
            where="catalogue",
            hint="pip install 'lookalike[scale]'",
        ) from error


def _connect_sqlite(url: sa.URL) -> tuple[sa.Engine, bool]:
    is_memory = url.database in (None, "", ":memory:")
    if is_memory:
        engine = sa.create_engine(
            "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
        )
    else:
        Path(str(url.database)).expanduser().parent.mkdir(parents=True, exist_ok=True)
        # Readers of a busy API wait for nothing in WAL, so each may have its own connection.
        engine = sa.create_engine(url, pool_size=8, max_overflow=56)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine, is_memory


def _prepare(connection: Any, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # transactions begin where `_begin` says
    for pragma in _PRAGMAS:
        connection.execute(pragma).close()


def _begin(connection: sa.Connection) -> None:
    # IMMEDIATE takes the writer's lock at once and waits for it; a lock taken half-way cannot wait.
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _migrate(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        if _revision(connection) == HEAD:
            return
    with engine.connect() as connection:
        connection.execution_options(**{_WRITES: True})
        with connection.begin():
            # Again under the writer's lock: another process may have been faster.
            held = _revision(connection)
            if not held:
                _create(connection)
            elif held != HEAD:
                _upgrade(connection, held)


def _revision(connection: sa.Connection) -> str:
    if not sa.inspect(connection).has_table("alembic_version"):
        return ""
    found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return str(found or "")


def _create(connection: sa.Connection) -> None:
    """The newest tables at once; a test holds them equal to what the migrations make."""
    metadata.create_all(connection)
    connection.execute(sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
    connection.execute(sa.text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD})


def _upgrade(connection: sa.Connection, held: str) -> None:
    from alembic import command  # 0.2 s that a current catalogue does not pay
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    known = {each.revision for each in ScriptDirectory.from_config(config).walk_revisions()}
    if held and held not in known:
        raise Conflict(
            f"the catalogue has the schema {held!r}, this version knows up to {HEAD!r}.",
            where=connection.engine.url.render_as_string(hide_password=True),
            hint="Upgrade Lookalike, or open another catalogue.",
            code="catalogue.newer",
        )
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
