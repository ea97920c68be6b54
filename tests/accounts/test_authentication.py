"""Who may ask what: every shape of the Authorization header, and keys without the right."""

import base64
from collections.abc import Callable

import pytest

from api.accounts.first_start import seed_key
from api.accounts.keys import issue_key, revoke_key
from api.http import auth
from api.http.auth import Authenticator
from api.http.errors import ApiError
from api.services import Services
from ledger.accounts.api_keys import generate_key
from ledger.accounts.ledgers import DEFAULT_ACCOUNT_ID


def basic(user: str, password: str = "") -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


@pytest.fixture
def refusal(services: Services) -> Callable[..., ApiError]:
    def ask(headers: dict[str, str], method: str = "GET") -> ApiError:
        with pytest.raises(ApiError) as refused:
            Authenticator(services).authenticate(headers, method)
        return refused.value

    return ask


@pytest.mark.parametrize("livemode", [False, True])
def test_a_key_opens_its_ledger_as_bearer_and_as_user_name(
    services: Services, livemode: bool
) -> None:
    issued = issue_key(services, DEFAULT_ACCOUNT_ID, "secret", livemode=livemode)
    for headers in (
        bearer(issued.key),
        basic(issued.key),
        {"authorization": f"bearer  {issued.key}"},
    ):
        caller = Authenticator(services).authenticate(headers, "POST")
        assert caller.identity.ledger_id == (2 if livemode else 1)
        assert caller.identity.livemode is livemode
        assert caller.identity.account_id == DEFAULT_ACCOUNT_ID
        assert caller.actor == f"key:{issued.id}"
        assert caller.secret == issued.key
        assert issued.key not in repr(caller)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": ""},
        {"authorization": "Bearer"},
        {"authorization": "Bearer   "},
        {"authorization": "Digest abc"},
        {"authorization": "sk_test_0123456789abcdef"},
        basic("", "sk_test_0123456789abcdef"),
    ],
)
def test_a_request_without_a_key_is_told_how_to_send_one(
    refusal: Callable[..., ApiError], headers: dict[str, str]
) -> None:
    refused = refusal(headers)
    assert refused.status == 401
    assert refused.message.startswith("You did not provide an API key.")
    assert refused.headers["WWW-Authenticate"].startswith("Basic")


def test_what_is_no_base64_is_refused(refusal: Callable[..., ApiError]) -> None:
    for text in ("Basic $$$", "Basic /////w=="):
        assert refusal({"authorization": text}).status == 401


def test_an_unknown_key_is_named_by_its_last_letters_alone(
    refusal: Callable[..., ApiError],
) -> None:
    key = "sk_test_0123456789abcdef1234"
    refused = refusal(basic(key))
    assert (refused.status, refused.message) == (
        401,
        "Invalid API Key provided: sk_test_****1234",
    )
    for never_issued in (generate_key("secret", livemode=True), "ÿ" * 300, "key_\x00"):
        assert refusal(bearer(never_issued)).status == 401


def test_a_key_differs_by_a_single_letter_from_one_that_opens_nothing(
    services: Services, refusal: Callable[..., ApiError]
) -> None:
    key = issue_key(services, DEFAULT_ACCOUNT_ID, "secret").key
    for wrong in (key[:-1], key + "a", key.upper(), key.replace("sk_test", "sk_live")):
        assert refusal(bearer(wrong)).status == 401


def test_a_restricted_key_reads_and_does_not_write(
    services: Services, refusal: Callable[..., ApiError]
) -> None:
    issued = issue_key(services, DEFAULT_ACCOUNT_ID, "restricted")
    assert Authenticator(services).authenticate(bearer(issued.key), "GET").scopes == ("read",)
    for method in ("POST", "DELETE"):
        refused = refusal(bearer(issued.key), method)
        assert (refused.status, refused.type) == (403, "invalid_request_error")
        assert issued.key not in refused.message


def test_a_revoked_key_is_refused_within_a_second_everywhere(
    services: Services, refusal: Callable[..., ApiError], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(auth, "monotonic", lambda: now)
    issued = issue_key(services, DEFAULT_ACCOUNT_ID, "secret")
    elsewhere = Authenticator(services)
    elsewhere.authenticate(bearer(issued.key), "GET")
    revoke_key(services, issued.id)
    refused = refusal(bearer(issued.key))
    assert (refused.status, refused.code) == (401, "api_key_expired")
    assert refused.message.startswith(f"Expired API Key provided: sk_test_****{issued.key[-4:]}")
    now += 1.0
    with pytest.raises(ApiError, match="Expired"):
        elsewhere.authenticate(bearer(issued.key), "GET")


def test_a_key_is_looked_up_once_in_a_while(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, looks = 100.0, 0
    real = auth.find_api_key

    def counted(*arguments: object) -> object:
        nonlocal looks
        looks += 1
        return real(*arguments)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(auth, "monotonic", lambda: now)
    monkeypatch.setattr(auth, "find_api_key", counted)
    issued = issue_key(services, DEFAULT_ACCOUNT_ID, "secret")
    authenticator = Authenticator(services)
    for _ in range(5):
        authenticator.authenticate(bearer(issued.key), "GET")
    assert looks == 1
    now += auth.REMEMBERED_SECONDS
    authenticator.authenticate(bearer(issued.key), "GET")
    assert looks == 2


def test_a_key_works_as_soon_as_it_is_given_out_even_if_it_was_tried_before(
    services: Services,
) -> None:
    authenticator = Authenticator(services)
    with pytest.raises(ApiError):
        authenticator.authenticate(bearer("sk_test_seeded_later"), "GET")
    seed_key(services, "sk_test_seeded_later")
    assert authenticator.authenticate(bearer("sk_test_seeded_later"), "POST")
