"""A ledger as commands look at it: now, or as of the moment that an option names."""

import re
from typing import TYPE_CHECKING, Final

import typer

if TYPE_CHECKING:
    from api.http.call import View
    from api.services import Services
    from ledger.kernel.commands import LedgerIdentity
    from projections.runtime.moments import PointInTime

_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def default_view(services: "Services", as_of: str | None, *, live: bool) -> "View":
    """The default account's ledger. Raises BadParameter and InvalidRequest."""
    from api.accounts.first_start import ensure_default_account
    from ledger.accounts.ledgers import ledger_for_live, ledger_for_test

    ensure_default_account(services)
    identity = services.identity(ledger_for_live(1) if live else ledger_for_test(1))
    return view_at(services, identity, as_of)


def view_at(services: "Services", identity: "LedgerIdentity", as_of: str | None) -> "View":
    """A ledger as of a moment. Raises BadParameter and InvalidRequest."""
    from api.http.call import view_of

    point = None if as_of is None else point_at(services, identity, as_of, option="--as-of")
    return view_of(services, identity, point)


def position_at(services: "Services", identity: "LedgerIdentity", as_of: str | None) -> int | None:
    """The position that --as-of means, None where it was not given. Raises as `point_at` does."""
    return None if as_of is None else point_at(services, identity, as_of, option="--as-of").position


def point_at(
    services: "Services", identity: "LedgerIdentity", text: str, *, option: str
) -> "PointInTime":
    """The point of a ledger's log that an option names; a date is its beginning in UTC.

    Raises BadParameter where it is no moment, InvalidRequest for one that the log does not have.
    """
    from api.http.as_of import AsOfParams, resolve
    from api.http.errors import ApiError
    from api.http.params import parse

    written = f"{text}T00:00:00Z" if _DATE.fullmatch(text) else text
    try:
        asked = parse(AsOfParams, {"as_of": written}).as_of
    except ApiError as error:
        raise typer.BadParameter(error.message, param_hint=option) from None
    if asked is None:
        raise typer.BadParameter("It names no moment.", param_hint=option)
    return resolve(services.log(identity.ledger_id), asked, param=option)
