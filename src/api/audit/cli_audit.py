"""`tallybook audit`: evidence that the log was not rewritten. A module for each command."""

import typer

from api.audit.cli_checkpoint import checkpoint
from api.audit.cli_export import export
from api.audit.cli_verify import verify

app = typer.Typer(
    name="audit", help="The log: prove that nothing was rewritten.", no_args_is_help=True
)


@app.callback()
def audit() -> None:
    """The log: prove that nothing was rewritten."""


app.command()(checkpoint)
app.command()(verify)
app.command()(export)
