"""Parameters of the test clock routes (contract §12)."""

from typing import Annotated

from api.http.params import RequestParams
from api.http.wire_types import Clearable, WireTimestamp, text


class TestClockCreate(RequestParams):
    frozen_time: WireTimestamp
    name: Clearable[Annotated[str, text(300)]] = None


class TestClockAdvance(RequestParams):
    frozen_time: WireTimestamp
