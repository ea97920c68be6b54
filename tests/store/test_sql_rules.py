"""Every statement in the source keeps the rules that let one database hold many ledgers.

Positions come from the head row alone, nothing hangs on a session, no lock is taken by hand, and
whatever reads or writes a table of ours says of which ledger.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from projections.registry import PROJECTIONS

SOURCE = Path(__file__).parents[2] / "src"

STATEMENT = re.compile(
    r"\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH|MERGE|COPY|CREATE|ALTER|DROP|GRANT|TRUNCATE"
    r"|LOCK|SET|RESET|LISTEN|NOTIFY|DISCARD|DO|CALL|VACUUM)\s",
)
TOUCHES_ROWS = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH|MERGE|COPY)\b")
OUR_TABLE = re.compile(r"\b(?:ledger|projections)\.(?!leases\b|builds\b)[a-z_]+(?!\()")
KEY = re.compile(r"(?:PRIMARY KEY|UNIQUE|REFERENCES \S+)\s*\(([^)]*)\)", re.IGNORECASE)

FORBIDDEN = {
    "locks a table": re.compile(r"\bLOCK\s+TABLE\b|^\s*LOCK\s", re.IGNORECASE),
    "notifies or listens": re.compile(r"\b(NOTIFY|LISTEN)\b|\bpg_notify\b"),
    "has a trigger": re.compile(r"\bCREATE\s+(CONSTRAINT\s+)?TRIGGER\b", re.IGNORECASE),
    "counts by a sequence": re.compile(
        r"\b(small|big)?serial\b|\bAS IDENTITY\b|\bCREATE\s+SEQUENCE\b|\bnextval\b", re.IGNORECASE
    ),
    "sets something in the session": re.compile(
        r"^\s*(SET(?! TRANSACTION SNAPSHOT )|RESET|DISCARD)\s"
        r"|\bset_config\((?!'lock_timeout', '\d+m?s', true\)|'wal_compression', 'off', true\)"
        r"|'idle_in_transaction_session_timeout', '0', true\)|'synchronous_commit', 'off', true\))"
        r"|search_path"
    ),
    "makes a temporary table": re.compile(r"\bTEMP(ORARY)?\s+TABLE\b", re.IGNORECASE),
}
ADVISORY_LOCK = re.compile(r"\bpg_(try_)?advisory", re.IGNORECASE)
CLOCK = re.compile(
    r"\bnow\(\)|\bcurrent_(timestamp|date)\b|_timestamp\(\)|\brandom\(\)", re.IGNORECASE
)


def faults(statement: str, *, in_migrate: bool = False) -> list[str]:
    """Which rules a statement breaks."""
    found = [fault for fault, pattern in FORBIDDEN.items() if pattern.search(statement)]
    if ADVISORY_LOCK.search(statement) and not in_migrate:
        found.append("takes an advisory lock")
    if TOUCHES_ROWS.match(statement):
        if CLOCK.search(statement):
            found.append("reads the server's clock or dice")
        if OUR_TABLE.search(statement) and "ledger_id" not in statement:
            found.append("names no ledger")
    return found


def test_no_statement_in_the_source_breaks_a_rule() -> None:
    broken = [
        f"{path.relative_to(SOURCE)}: {fault}: {' '.join(statement.split())[:80]}"
        for path, statement in statements()
        for fault in faults(statement, in_migrate=path.name == "migrate.py")
    ]
    assert broken == []


def test_the_statements_made_for_read_models_name_the_ledger() -> None:
    made = [
        make()
        for projection in PROJECTIONS
        for table in projection.tables
        for make in (
            table.insert_statement,
            table.upsert_statement,
            table.delete_statement,
            table.select_statement,
            table.copy_statement,
        )
    ]
    tables = [table for projection in PROJECTIONS for table in projection.tables]
    made += [table.greatest_statement("n", ("n",), ("id",)) for table in tables]
    made += [table.spans_statement(("n",), table.key[0], "n") for table in tables]
    made += [table.merge_statement() for table in tables if table.merging is not None]
    assert len(made) >= 20
    assert [(sql, faults(sql)) for sql in made if faults(sql)] == []


def test_every_key_begins_with_the_ledger() -> None:
    ddl = [sql for path, sql in statements() if "CREATE TABLE" in sql and path.suffix == ".sql"]
    ddl += [t.create_statement() for projection in PROJECTIONS for t in projection.tables]
    keys = [key for sql in ddl for key in KEY.findall(sql)]
    assert len(keys) >= 8
    assert [key for key in keys if key.split(",")[0].strip() != "ledger_id"] == []


def test_the_statements_of_the_source_are_found() -> None:
    found = [(path.name, statement) for path, statement in statements()]
    assert ("0001_event_store.sql", True) in {(name, "CREATE TABLE" in sql) for name, sql in found}
    in_store = [sql for name, sql in found if name == "statements.py"]
    assert any("INSERT INTO ledger.events" in sql and "ledger.heads" in sql for sql in in_store)
    assert any(
        name == "sealing.py" and "INSERT INTO ledger.customer_keys" in sql for name, sql in found
    )
    assert any(name == "checkpoints.py" for name, _ in found)


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("LOCK TABLE ledger.events IN EXCLUSIVE MODE", "locks a table"),
        ("NOTIFY events", "notifies or listens"),
        ("SELECT pg_notify('events', '')", "notifies or listens"),
        ("CREATE TRIGGER t AFTER INSERT ON ledger.events", "has a trigger"),
        ("CREATE TABLE ledger.t (id bigserial)", "counts by a sequence"),
        ("CREATE TABLE ledger.t (id int GENERATED ALWAYS AS IDENTITY)", "counts by a sequence"),
        ("SET search_path TO ledger", "sets something in the session"),
        ("SELECT set_config('lock_timeout', '2s', false)", "sets something in the session"),
        ("SELECT pg_advisory_xact_lock(1)", "takes an advisory lock"),
        ("CREATE TEMP TABLE t (id int)", "makes a temporary table"),
        ("SELECT state FROM ledger.events WHERE position > 5", "names no ledger"),
        ("DELETE FROM projections.customers_v1 WHERE id = %(id)s", "names no ledger"),
        (
            "INSERT INTO ledger.heads (ledger_id, position) VALUES (1, now())",
            "reads the server's clock or dice",
        ),
    ],
)
def test_a_statement_against_the_rules_is_noticed(statement: str, fault: str) -> None:
    assert STATEMENT.match(statement)
    assert fault in faults(statement)


def statements() -> Iterator[tuple[Path, str]]:
    """Every statement of the source, but for those that set up a server of our own."""
    for path in sorted(SOURCE.rglob("*.sql")):
        for statement in path.read_text(encoding="utf-8").split(";"):
            bare = re.sub(r"--[^\n]*", "", statement)
            if bare.strip():
                yield path, bare.strip()
    for path in sorted(SOURCE.rglob("*.py")):
        if (SOURCE / "api" / "database") in path.parents:
            continue
        for text in texts(ast.parse(path.read_text(encoding="utf-8"))):
            if STATEMENT.match(text):
                yield path, text


def texts(tree: ast.AST) -> Iterator[str]:
    """Every piece of text in a module; what an f-string fills in reads as {}."""
    inside: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            inside.update(id(part) for part in node.values)
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values
            )
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in inside
        ):
            yield node.value
