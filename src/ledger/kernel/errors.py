"""Why a command is refused: a few kinds, each with one sentence for a person.

`param` names the offending request field in bracket form (`items[0][price]`), `code` is a code of
the wire contract (contract §3). The HTTP status of each kind is decided at the door.
"""


class LedgerError(Exception):
    """Base of every refusal.

    `reported_as` is the code by which reports of refused usage name it (contract §5, asynchronous
    error reporting).
    """

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        reported_as: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.code = code
        self.reported_as = reported_as


class InvalidRequest(LedgerError):
    """The request can never succeed as it stands."""


class NotFound(LedgerError):
    """An object named by the request does not exist in this ledger.

    With `param` the id came in the request's parameters, without it in the path.
    """

    def __init__(
        self,
        what: str,
        object_id: str,
        *,
        param: str | None = None,
        reported_as: str | None = None,
    ) -> None:
        super().__init__(
            f"No such {what}: '{object_id}'",
            param=param,
            code="resource_missing",
            reported_as=reported_as,
        )


class NotYet(NotFound):
    """An object that there is now, and was not as of an earlier position of the log."""

    def __init__(
        self, what: str, object_id: str, position: int, first: int, *, param: str | None = None
    ) -> None:
        super().__init__(what, object_id, param=param)
        self.message += (
            f". It did not exist at position {position}: it was first recorded at {first}."
        )
        self.args = (self.message,)


class Conflict(LedgerError):
    """Another request changed the same object first; the same request may be sent again."""


class IdempotencyMismatch(LedgerError):
    """The idempotency key was first used with other parameters or another endpoint."""

    def __init__(self, key: str) -> None:
        super().__init__(
            "Keys for idempotent requests can only be used with the same parameters they were "
            f"first used with. Try using a key other than '{key}' if you meant to execute a "
            "different request."
        )


class KeyInUse(LedgerError):
    """Another request with the same idempotency key is still running."""

    def __init__(self) -> None:
        super().__init__(
            "There is currently another in-progress request using this idempotency key. "
            "Please try again later.",
            code="idempotency_key_in_use",
        )


class QueueFull(LedgerError):
    """More requests wait for the ledger than it may keep. Nothing was done; send it again."""

    def __init__(self) -> None:
        super().__init__(
            "Too many requests are waiting to be recorded. Send this one again a little later.",
            code="rate_limit",
        )


class Unavailable(LedgerError):
    """The answer cannot be given now. `retry_after` is in seconds."""

    def __init__(self, message: str, *, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after
