"""A request that is repeated while the first one is on its way gets the first one's answer."""

from collections.abc import Iterator

import msgspec
import pytest

from api.accounts.first_start import ensure_default_account, seed_key
from api.app import ROUTES, expansions
from api.http.auth import Authenticator
from api.http.handling import REPLAYED, Request, RequestHandling
from api.http.idempotency import KeptAnswers
from api.services import Services
from ledger.kernel.commands import IdempotencyClaim
from ledger.kernel.errors import LedgerError
from ledger.store.idempotency import ClaimedKey
from tests.support.postgres import Database

KEY = "sk_test_" + "k" * 24
PATH = "/v1/billing/meters"
METER = b"display_name=M&event_name=tokens&default_aggregation[formula]=sum"


@pytest.fixture
def handling(database: Database) -> Iterator[RequestHandling]:
    services = Services(database.app_url, pool_size=4, follow_inline=True)
    ensure_default_account(services)
    seed_key(services, KEY)
    yield RequestHandling(services, Authenticator(services), expansions)
    services.close()


def create_meter(handling: RequestHandling, idempotency_key: str) -> "tuple[bytes, bool]":
    """The answer, and whether it was a repeated one."""
    [route] = [r for r in ROUTES if (r.endpoint.method, r.endpoint.path) == ("POST", PATH)]
    headers = {
        "authorization": f"Bearer {KEY}",
        "content-type": "application/x-www-form-urlencoded",
        "idempotency-key": idempotency_key,
    }
    request = Request("POST", PATH, {}, b"", METER, headers, "req_1")
    answered = handling.answer(route, request)
    return answered.body, answered.headers == REPLAYED


def test_a_refusal_caused_by_the_first_attempt_is_not_the_answer(
    handling: RequestHandling, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = create_meter(handling, "key-1")
    looked, claimed = 0, KeptAnswers.claimed

    def not_yet(kept: KeptAnswers, claim: IdempotencyClaim) -> ClaimedKey | None:
        nonlocal looked
        looked += 1
        return None if looked == 1 else claimed(kept, claim)

    monkeypatch.setattr(KeptAnswers, "claimed", not_yet)
    assert create_meter(handling, "key-1") == (first, True)
    assert msgspec.json.decode(first)["event_name"] == "tokens"


def test_a_refusal_of_another_request_stands(handling: RequestHandling) -> None:
    create_meter(handling, "key-1")
    with pytest.raises(LedgerError, match="tokens"):
        create_meter(handling, "key-2")
