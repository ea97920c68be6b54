"""`tallybook`: the command line."""

import sys

import typer

from api.accounts.cli import keys
from api.audit.cli_audit import app as audit
from api.audit.cli_customer import app as customer
from api.audit.cli_explain import invoice
from api.audit.cli_ledger import app as ledger
from api.audit.cli_query import usage
from api.audit.diff.cli import diff
from api.audit.events.cli import app as events
from api.audit.simulating.cli import simulate
from api.cli.database import app as db
from api.demo.cli import demo
from api.late_usage.cli import app as late_usage
from api.rebuild.cli import app as projections
from api.serve.cli import serve

app = typer.Typer(
    name="tallybook",
    help="An event-sourced ledger for usage-based billing.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
app.add_typer(db)
app.add_typer(keys, name="keys")
app.add_typer(projections)
app.add_typer(usage)
app.add_typer(invoice)
app.add_typer(customer)
app.add_typer(events)
app.add_typer(ledger)
app.add_typer(audit)
app.add_typer(late_usage)
app.command()(serve)
app.command()(demo)
app.command()(diff)
app.command()(simulate)


@app.command()
def version() -> None:
    """Print the version."""
    from importlib.metadata import version as installed

    typer.echo(installed("tallybook"))


def main() -> None:
    """Run the command line; an interruption exits with 130."""
    try:
        app(prog_name="tallybook")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
