"""Parameters that the API has and this server does not act on.

They are no unknown parameters: what changes nothing is accepted, all else is refused in a sentence
of its own, because to ignore it would bill something other than what was asked for.
"""

from dataclasses import dataclass
from typing import Any, Final

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from api.http.wire_types import refusal

_EMPTY: Final[tuple[object, ...]] = ("", None, [], {})


@dataclass(frozen=True)
class Unsupported:
    """To be used as `Annotated[None, Unsupported("Subscriptions have no trials.")]`.

    An empty value is accepted, and the `harmless` ones as they stand in a form; the field is None.
    """

    sentence: str
    harmless: tuple[str, ...] = ()

    def __call__(self, value: object) -> None:
        text = str(value).lower() if isinstance(value, bool | int) else value
        if value not in _EMPTY and text not in self.harmless:
            raise refusal(f"{{param}} is not supported: {self.sentence}")

    def __get_pydantic_core_schema__(self, _: object, __: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.__call__)

    def __get_pydantic_json_schema__(
        self, _: CoreSchema, __: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        accepted = {"enum": list(self.harmless)} if self.harmless else {"const": ""}
        return {**accepted, "description": f"Not supported: {self.sentence}"}
