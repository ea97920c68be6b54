"""`tallybook keys`, on a server of the user's."""

import json
import re

import pytest
from typer.testing import CliRunner, Result

from api.accounts.cli import keys
from api.cli.output import EXIT_NOT_FOUND, EXIT_REFUSED
from tests.support.postgres import Database

runner = CliRunner()


@pytest.fixture(autouse=True)
def _environment(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database.app_url)
    monkeypatch.setenv("COLUMNS", "200")


def run(*arguments: str) -> Result:
    return runner.invoke(keys, arguments, catch_exceptions=False)


def test_a_key_is_shown_once_alone_on_stdout() -> None:
    created = run("create", "--name", "app")
    assert created.exit_code == 0
    key = created.stdout.strip()
    assert re.fullmatch(r"sk_test_\w{49}", key)
    listed = run("list")
    assert key not in listed.stdout
    assert f"sk_test_****{key[-4:]}" in listed.stdout
    assert "app" in listed.stdout


def test_the_kind_and_the_ledger_can_be_chosen() -> None:
    assert run("create", "--live", "--restricted").stdout.startswith("rk_live_")
    made = json.loads(run("create", "--restricted", "--json").stdout)
    assert made["key"].startswith("rk_test_")
    assert (made["kind"], made["livemode"], made["account"]) == (
        "restricted",
        False,
        "acct_default",
    )
    listed = json.loads(run("list", "--json").stdout)
    assert [(row["kind"], row["livemode"]) for row in listed] == [
        ("restricted", False),
        ("restricted", True),
    ]
    assert listed[0]["id"] == made["id"]
    assert "key" not in listed[0]


def test_a_key_is_revoked_by_its_id() -> None:
    made = json.loads(run("create", "--json").stdout)
    assert run("revoke", made["id"]).exit_code == 0
    [row] = json.loads(run("list", "--json").stdout)
    assert row["revoked_at"] >= row["created"]


def test_a_refusal_is_one_line_without_a_traceback() -> None:
    for arguments in (("revoke", "key_unknown"), ("create", "--account", "acct_unknown")):
        refused = run(*arguments)
        assert refused.exit_code == EXIT_NOT_FOUND
        assert refused.stdout == ""
        assert re.fullmatch(r"No such [^\n]+\n", refused.stderr)


def test_a_name_that_cannot_be_is_refused() -> None:
    refused = run("create", "--name", "two\nlines")
    assert (refused.exit_code, refused.stdout) == (EXIT_REFUSED, "")
    assert json.loads(run("list", "--json").stdout) == []
