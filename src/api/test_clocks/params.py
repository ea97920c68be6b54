"""Parameters of the test clock routes (contract §12)."""

from typing import Annotated

from api.http.params import RequestParams
from api.http.unsupported import Unsupported
from api.http.wire_types import Clearable, WireTimestamp, text

ExistingCustomer = Annotated[
    None, Unsupported("a customer is put on a clock when they are created, with test_clock.")
]


class TestClockCreate(RequestParams):
    customer: ExistingCustomer = None
    frozen_time: WireTimestamp
    name: Clearable[Annotated[str, text(300)]] = None


class TestClockAdvance(RequestParams):
    frozen_time: WireTimestamp
