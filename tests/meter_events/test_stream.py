"""The meter event stream, through the official client and raw requests."""

import uuid
from typing import Any

import httpx
import pytest
from stripe import StripeClient

from api.http.errors import ApiError
from api.http.sessions import Session
from ledger.accounts.aggregate import ApiKey
from ledger.accounts.api_keys import hash_key
from ledger.kernel.clock import from_epoch, system_now, to_epoch
from ledger.kernel.commands import LedgerIdentity
from tests.meter_events.usage_shop import UsageShop
from tests.support.served import Served
from tests.support.stripe_shape import problems

HASH = hash_key("sk_test_of_a_test")
KEY = ApiKey(
    "key_" + "A" * 24,
    LedgerIdentity(1, "acct_1", False),
    ("read", "write"),
    HASH,
    "sk_test_****test",
    None,
)


@pytest.fixture
def shop(served: Served) -> UsageShop:
    return UsageShop.on(served)


def begin(served: Served) -> Any:
    return served.client().v2.billing.meter_event_session.create()


def streaming(served: Served, token: str) -> StripeClient:
    return served.client(token)


def event(shop: UsageShop, value: str = "1", **changed: Any) -> dict[str, Any]:
    payload = {"stripe_customer_id": shop.customer, "value": value}
    return {"event_name": shop.event_name, "payload": payload} | changed


def post(shop: UsageShop, token: str, body: Any, **headers: str) -> httpx.Response:
    with shop.served.http(token) as http:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return http.post("/v2/billing/meter_event_stream", json=body, headers=sent)


def test_a_session_is_answered_as_the_sdk_expects_it(served: Served) -> None:
    session = begin(served)
    assert problems(session.to_dict(), "v2.billing.MeterEventSession") == []
    created, expires = (
        to_epoch(moment)
        if hasattr(moment, "timestamp")
        else to_epoch(from_epoch(0).fromisoformat(moment))
        for moment in (session.created, session.expires_at)
    )
    assert 898 <= expires - created <= 900


def test_the_official_client_streams_events(shop: UsageShop) -> None:
    client = streaming(shop.served, begin(shop.served).authentication_token)
    events: Any = [event(shop, identifier=str(uuid.uuid4())) for _ in range(100)]
    for _ in range(2):
        client.v2.billing.meter_event_stream.create({"events": events})
    assert shop.total() == 100


def test_what_is_refused_is_recorded_and_the_rest_counts(shop: UsageShop) -> None:
    token = begin(shop.served).authentication_token
    wrong, misspelt = str(uuid.uuid4()), str(uuid.uuid4())
    events = [
        event(shop, "much", identifier=wrong),
        event(shop, identifier=misspelt, vlaue="1"),
        event(shop),
    ]
    answered = post(shop, token, {"events": events})
    assert (answered.status_code, answered.json()) == (200, {})
    assert shop.total() == 1
    for identifier, code in ((wrong, "meter_event_invalid_value"), (misspelt, "invalid_record")):
        [rejection] = shop.why(identifier).json()["rejections"]
        assert (rejection["code"], rejection["door"]) == (code, "stream")


def test_a_request_sent_again_counts_once_even_without_identifiers(shop: UsageShop) -> None:
    token = begin(shop.served).authentication_token
    for _ in range(2):
        answered = post(shop, token, {"events": [event(shop)] * 3}, Idempotency_Key=shop.meter)
        assert answered.status_code == 200
    assert shop.total() == 3


@pytest.mark.parametrize("body", [{"events": []}, {"events": [{}] * 101}, {"event": []}, [1]])
def test_a_body_that_is_none_is_refused_at_once(shop: UsageShop, body: Any) -> None:
    answered = post(shop, begin(shop.served).authentication_token, body)
    assert answered.status_code == 400
    assert answered.json()["error"]["code"] == "invalid_parameters"


@pytest.mark.parametrize("token", ["sk_test_x", f"mes_{KEY.id}_1900000000_{'0' * 64}"])
def test_only_a_token_that_was_given_out_opens_the_stream(shop: UsageShop, token: str) -> None:
    answered = post(shop, token, {"events": [event(shop)]})
    assert answered.status_code == 401
    assert shop.total() is None


def test_a_token_opens_nothing_else(shop: UsageShop) -> None:
    with shop.served.http(begin(shop.served).authentication_token) as http:
        assert http.get("/v1/customers").status_code == 401


def test_a_session_ends_after_a_quarter_of_an_hour() -> None:
    session = Session.read(Session.begun(KEY, from_epoch(1_000_000_000)).token)
    assert session.checked(KEY, from_epoch(1_000_000_899)) is KEY
    with pytest.raises(ApiError) as refused:
        session.checked(KEY, from_epoch(1_000_000_900))
    assert (refused.value.code, refused.value.status) == ("temporary_session_expired", 401)


def test_a_session_cannot_be_made_longer() -> None:
    token = Session.begun(KEY, from_epoch(1_000_000_000)).token
    longer = Session.read(token.replace("1000000900", "1900000900"))
    with pytest.raises(ApiError, match="not given out here"):
        longer.checked(KEY, system_now())


def test_a_session_ends_with_its_key() -> None:
    session = Session.begun(KEY, system_now())
    revoked = ApiKey(KEY.id, KEY.ledger, KEY.scopes, KEY.secret_hash, KEY.redacted, system_now())
    with pytest.raises(ApiError, match="was revoked"):
        session.checked(revoked, system_now())
