"""Does a JSON answer have the shape that the installed `stripe` package declares?

Every annotated field of an object must be there, null only where its type allows that, and hold
what its type says: literals, nested objects, lists, expandable ids, decimals as text. A field may
be absent only where `MAY_BE_ABSENT` says so. No field may be there that the package does not know,
and of a choice that the package leaves open for the future only the values it names are accepted.
"""

import importlib
import inspect
import sys
import typing
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Any, ForwardRef, Literal, Union, get_args, get_origin

import stripe
from stripe import ListObject, StripeObject

MAY_BE_ABSENT: dict[str, set[str]] = {
    # shown only when expanded
    "Coupon": {"applies_to", "currency_options"},
    # shown only when expanded, or only for accounts with several of them
    "Customer": {
        "business_name",
        "cash_balance",
        "customer_account",
        "individual_name",
        "invoice_credit_balance",
        "sources",
        "subscriptions",
        "tax",
        "tax_ids",
    },
    "Plan": {"tiers"},
    "Price": {"currency_options", "tiers"},
    "Product": {"default_price", "statement_descriptor", "tax_code", "tax_details", "unit_label"},
    # a metered item has no quantity
    "SubscriptionItem": {"billed_until", "current_trial", "quantity"},
    "Subscription": {"default_tax_rates", "presentment_details", "status_details"},
    "Subscription.AutomaticTax.Liability": {"account"},
    "Subscription.BillingMode": {"updated_at"},
    "Subscription.BillingMode.Flexible": {"proration_discounts"},
    "Subscription.InvoiceSettings.Issuer": {"account"},
    "Invoice": {
        "amount_paid_off_stripe",
        "auto_advance",
        "confirmation_secret",
        "customer_tax_ids",
        "hosted_invoice_url",
        "invoice_pdf",
        "payments",
        "status_details",
        "threshold_reason",
    },
    "Invoice.AutomaticTax.Liability": {"account"},
    "Invoice.Issuer": {"account"},
    # an error of a card or its issuer has more to say
    "Invoice.LastFinalizationError": {
        "advice_code",
        "charge",
        "code",
        "decline_code",
        "doc_url",
        "network_advice_code",
        "network_decline_code",
        "param",
        "payment_intent",
        "payment_method",
        "payment_method_type",
        "request_log_url",
        "setup_intent",
        "source",
    },
    "Invoice.Parent.SubscriptionDetails": {"subscription_proration_date"},
    "InvoiceItem.Parent.SubscriptionDetails": {"subscription_item"},
    "InvoiceItem.Pricing": {"price_details"},
    "InvoiceLineItem.Pricing": {"price_details"},
    # only of lines that credit a line of the invoice, and only where it is of this type
    "CreditNoteLineItem": {"invoice_line_item"},
    "CreditNoteLineItem.PretaxCreditAmount": {"credit_balance_transaction"},
    "CreditNote.PretaxCreditAmount": {"credit_balance_transaction"},
    "TestClock.StatusDetails": {"advancing"},
}

_Place = str


def problems(answer: Any, name: str) -> list[str]:
    """What is wrong with an answer for a class such as `billing.Meter`; empty if it conforms.

    `list:billing.Meter` is a v1 list of such objects.
    """
    if name.startswith("list:"):
        return list(_list(answer, stripe_class(name.removeprefix("list:")), "$"))
    return list(_object(answer, stripe_class(name), "$"))


def deletion_problems(answer: Any, object_name: str) -> list[str]:
    """What is wrong with the answer to a deletion: exactly id, object and deleted."""
    expected = {"id": answer.get("id"), "object": object_name, "deleted": True}
    return [] if answer == expected and isinstance(answer["id"], str) else [f"$: {answer}"]


@cache
def stripe_class(name: str) -> type[StripeObject]:
    """The class of a dotted name under `stripe`."""
    found: Any = stripe
    path = "stripe"
    for part in name.split("."):
        path = f"{path}.{part}"
        found = getattr(found, part, None) or importlib.import_module(path)
    return found


def _object(value: Any, cls: type[StripeObject], place: _Place) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{place}: expected {cls.__name__}, found {value!r}"
        return
    fields = _fields(cls)
    absent_allowed = MAY_BE_ABSENT.get(cls.__qualname__, set()) | {"deleted"}
    for name, kind in fields.items():
        if name in value:
            yield from _value(value[name], kind, f"{place}.{name}")
        elif name not in absent_allowed:
            yield f"{place}.{name}: missing"
    for name in sorted(value.keys() - fields.keys()):
        yield f"{place}.{name}: no such field"


def _list(value: Any, item: Any, place: _Place) -> Iterator[str]:
    if not isinstance(value, dict) or value.get("object") != "list":
        yield f"{place}: expected a list object, found {value!r}"
        return
    for name, kind in {"url": str, "has_more": bool, "data": list}.items():
        if not isinstance(value.get(name), kind):
            yield f"{place}.{name}: expected {kind.__name__}, found {value.get(name)!r}"
    for i, element in enumerate(value.get("data", [])):
        yield from _value(element, item, f"{place}.data[{i}]")


def _value(value: Any, kind: Any, place: _Place) -> Iterator[str]:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        yield from _one_of(value, arguments, place)
    elif origin is Literal:
        if value not in arguments:
            yield f"{place}: {value!r} is none of {arguments}"
    elif origin is not None:
        yield from _HOLDERS.get(origin, _map)(value, arguments[-1], place)
    elif inspect.isclass(kind) and issubclass(kind, StripeObject):
        yield from _object(value, kind, place)
    elif not _is_plain(value, kind):
        yield f"{place}: expected {kind.__name__}, found {value!r}"


def _one_of(value: Any, options: tuple[Any, ...], place: _Place) -> Iterator[str]:
    if any(get_origin(option) is Literal for option in options):
        options = tuple(option for option in options if option is not str)
    attempts = [list(_value(value, option, place)) for option in options]
    if all(attempts):
        # an object that is wrong inside says more than that it is no string
        yield from max(attempts, key=lambda found: found[0].count("."))


def _plain_list(value: Any, kind: Any, place: _Place) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{place}: expected a list, found {value!r}"
        return
    for i, element in enumerate(value):
        yield from _value(element, kind, f"{place}[{i}]")


def _map(value: Any, kind: Any, place: _Place) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{place}: expected a map, found {value!r}"
        return
    for key, element in value.items():
        yield from _value(element, kind, f"{place}[{key}]")


_HOLDERS = {list: _plain_list, ListObject: _list}


def _is_plain(value: Any, kind: Any) -> bool:
    if kind is Decimal:
        return isinstance(value, str) and Decimal(value).is_finite()
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if kind in (str, bool, NoneType):
        return isinstance(value, kind)
    return kind is Any


@cache
def _fields(cls: type[StripeObject]) -> dict[str, Any]:
    """The annotated fields of a class and its bases, with resolved types."""
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        if base.__module__ != "stripe._stripe_object" and issubclass(base, StripeObject):
            for name, kind in inspect.get_annotations(base).items():
                if not name.startswith("_") and get_origin(kind) is not typing.ClassVar:
                    found[name] = _resolved(kind, base)
    return found


def _resolved(kind: Any, owner: type) -> Any:
    """A type with the names in it looked up where the package's own type checker would."""
    names = _Names(owner)
    if isinstance(kind, str):
        kind = ForwardRef(kind)
    holder = type("holder", (), {"__annotations__": {"field": kind}})
    return typing.get_type_hints(holder, dict(vars(sys.modules[owner.__module__])), names)["field"]


class _Names(Mapping[str, Any]):
    """Names as a class sees them, with what its module imports only for type checkers."""

    def __init__(self, owner: type) -> None:
        self._owner = owner

    def __getitem__(self, name: str) -> Any:
        scope: Any = sys.modules[self._owner.__module__]
        if hasattr(scope, name):
            return getattr(scope, name)
        imported = _imports_for_type_checkers(self._owner.__module__).get(name)
        if imported is None:
            raise KeyError(name)
        return getattr(importlib.import_module(imported[0]), imported[1])

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


@cache
def _imports_for_type_checkers(module: str) -> dict[str, tuple[str, str]]:
    import ast

    found: dict[str, tuple[str, str]] = {}
    for node in ast.walk(ast.parse(inspect.getsource(sys.modules[module]))):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                found[alias.asname or alias.name] = (node.module, alias.name)
    return found
