"""Every read of the audit API and of the command line can be asked of the past, or says why not."""

from collections.abc import Iterator
from typing import Any, Final

import typer

from api.app import ROUTES
from api.http.openapi import openapi_document
from api.main import app

_READS_WITHOUT: Final = {
    "/audit/v1/diff": "it has two moments of its own, from and to",
    "/audit/v1/projections": "how far the read models are is known of now alone",
    "/audit/v1/proofs/inclusion": "it proves for a size of the log, which is a moment",
    "/audit/v1/proofs/consistency": "it has two sizes of the log, from and to",
}
_COMMANDS_WITHOUT: Final = {
    "audit checkpoint": "it signs the log as it is now",
    "audit verify": "it looks at what is stored now",
    "customer forget": "it changes the ledger",
    "db migrate": "it changes the database",
    "db psql": "it is a terminal on the database",
    "db status": "it tells of the database as it is now",
    "demo": "it changes the ledger",
    "diff": "it has two moments of its own, --from and --to",
    "keys create": "it changes the keys",
    "keys list": "which keys work is a question of now",
    "keys revoke": "it changes the keys",
    "projections drop": "it changes the read models",
    "projections list": "it tells of the read models as they are now",
    "projections partition": "it changes the read models",
    "projections rebuild": "it changes the read models",
    "projections status": "it tells of the read models as they are now",
    "projections switch": "it changes the read models",
    "projections verify": "it looks at the read models as they are now",
    "serve": "it serves",
    "usage cancel": "it changes the ledger",
    "usage import": "it changes the ledger",
    "usage retention": "it sets what the read models keep from now on",
    "usage send": "it changes the ledger",
    "version": "it tells of the program",
}


def test_every_read_of_the_audit_api_takes_as_of():
    without = {path for path, parameters in _audit_reads().items() if "as_of" not in parameters}
    assert without == set(_READS_WITHOUT)


def test_the_description_says_what_as_of_is():
    described = [one["as_of"] for one in _audit_reads().values() if "as_of" in one]
    assert len(described) > len(_READS_WITHOUT)
    for parameter in described:
        assert (parameter["in"], parameter["required"]) == ("query", False)
        assert "position:123" in parameter["schema"]["description"]


def test_every_command_that_reads_takes_as_of():
    without = {
        name
        for name, command in _commands(typer.main.get_command(app))
        if not any("--as-of" in parameter.opts for parameter in command.params)
    }
    assert without == set(_COMMANDS_WITHOUT)


def test_no_reason_is_left_out():
    assert all(_READS_WITHOUT.values())
    assert all(_COMMANDS_WITHOUT.values())


def _audit_reads() -> dict[str, dict[str, dict[str, Any]]]:
    """The parameters of every GET by their names, as the OpenAPI document has them."""
    endpoints = [route.endpoint for route in ROUTES]
    document: Any = openapi_document(endpoints, title="Tallybook", version="0")
    return {
        path: {one["name"]: one for one in operations["get"]["parameters"]}
        for path, operations in document["paths"].items()
        if path.startswith("/audit/") and "get" in operations
    }


def _commands(command: Any, *above: str) -> Iterator[tuple[str, Any]]:
    """Commands by their words; a group of them is none."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield " ".join(above), command
        return
    for name, one in inner.items():
        yield from _commands(one, *above, name)
