"""`tallybook customer forget`: make a customer's personal fields unreadable for ever."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.connection import DataDir, opened
from api.cli.output import EXIT_REFUSED, AsJson, data, explained, note
from api.invoices.cli import LiveOrTest

if TYPE_CHECKING:
    from api.services import Services
    from ledger.kernel.commands import LedgerIdentity

app = typer.Typer(name="customer", help="Customers: forget one.", no_args_is_help=True)


@app.callback()
def customer() -> None:
    """Customers: forget one."""


@app.command()
def forget(
    customer_id: Annotated[str, typer.Argument(metavar="ID", help="As the API names it: cus_…")],
    reason: Annotated[str, typer.Option(help="Kept in the clear: never a name.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    live: LiveOrTest = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Destroy the key of a customer's personal fields; amounts, invoices and proofs stay.

    Deletes the customer first, which ends their subscriptions. Exit code 4 when there is no such
    customer, 6 when nobody confirms it. A second time changes nothing.
    """
    from api.audit.forgetting import LONGEST_REASON
    from api.audit.forgetting import forget as forgotten
    from api.invoices.finding import ledger_of_object

    if not 0 < len(reason.strip()) <= LONGEST_REASON:
        raise typer.BadParameter(
            f"The reason has 1 to {LONGEST_REASON} characters.", param_hint="--reason"
        )
    with explained(), opened(data_dir) as (services, _):
        identity = ledger_of_object(services, customer_id, "customer", "cus", livemode=live)
        if not yes:
            _confirm(services, identity, customer_id)
        done, again = forgotten(services, identity, customer_id, reason.strip())
    if as_json:
        data(done)
        return
    said = "was forgotten before" if again else "is forgotten"
    typer.echo(f"{customer_id} {said}: {done['forgotten_at']}, position {done['position']}")
    typer.echo(f"  reason  {done['reason']}")
    if left := done["objects_with_free_text"]:
        typer.echo("  texts of an earlier release stay in the log, in the clear, of")
        for object_id in left:
            typer.echo(f"    {object_id}")


def _confirm(services: "Services", identity: "LedgerIdentity", customer_id: str) -> None:
    """Ask, telling what will be gone. Raises typer.Exit unless the answer is yes."""
    from projections.customers.rows import CUSTOMERS

    if not sys.stdin.isatty():
        note("There is no terminal to confirm this at. Nothing was forgotten; see --yes.")
        raise typer.Exit(EXIT_REFUSED)
    row = services.reader(identity.ledger_id).require(CUSTOMERS, "customer", customer_id)
    note(
        f"{customer_id} ({'live' if identity.livemode else 'test'}): name, email, addresses and "
        f"what was written on invoices, invoice items, credit notes and subscriptions become "
        f"unreadable for ever, in backups of the log too."
    )
    if not row.deleted:
        note("The customer is deleted with it, and active subscriptions end now.")
    if not typer.confirm("Forget this customer?", err=True):
        note("Nothing was forgotten.")
        raise typer.Exit(EXIT_REFUSED)
