"""The option of commands that can answer as of an earlier moment."""

from typing import Annotated

import typer

AsOfOption = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="MOMENT",
        help="The answer as it was then: position:123, a date or time by RFC 3339, or seconds "
        "since 1970.",
    ),
]
