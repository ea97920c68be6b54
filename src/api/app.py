"""The Litestar application: mounts each concept's routes behind one way of handling."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from litestar import HttpMethod, Litestar, Response
from litestar import Request as LitestarRequest
from litestar.handlers import HTTPRouteHandler

from api.audit.routes import ROUTES as AUDIT
from api.coupons.expansions import coupon_expansions
from api.coupons.routes import ROUTES as COUPONS
from api.credit_notes.expansions import credit_note_expansions
from api.credit_notes.routes import ROUTES as CREDIT_NOTES
from api.customers.expansions import customer_expansions
from api.customers.routes import ROUTES as CUSTOMERS
from api.customers.routes_balance import ROUTES as CUSTOMER_BALANCES
from api.customers.routes_discount import ROUTES as CUSTOMER_DISCOUNTS
from api.health import health_routes
from api.http.auth import Authenticator
from api.http.call import View
from api.http.docs_page import docs_routes
from api.http.errors import exception_handlers
from api.http.expand import Expansions
from api.http.grouped import GroupedHandling
from api.http.handling import Request, RequestHandling
from api.http.openapi import openapi_document
from api.http.routes import Route
from api.http.threads import Threads
from api.http.wire_headers import mount_wire_headers, request_id_of
from api.invoice_items.expansions import invoice_item_expansions
from api.invoice_items.routes import ROUTES as INVOICE_ITEMS
from api.invoices.expansions import invoice_expansions
from api.invoices.routes import ROUTES as INVOICES
from api.invoices.routes_manual import ROUTES as MANUAL_INVOICES
from api.late_usage.routes import ROUTES as LATE_USAGE
from api.meter_events.routes import ROUTES as METER_EVENTS
from api.meter_events.routes_bulk import ENDPOINT as BULK
from api.meter_events.routes_bulk import bulk_route
from api.meter_events.routes_stream import STREAM, stream_route
from api.meters.routes import ROUTES as METERS
from api.prices.expansions import price_expansions
from api.prices.routes import ROUTES as PRICES
from api.products.routes import ROUTES as PRODUCTS
from api.services import Services
from api.subscriptions.expansions import subscription_expansions
from api.subscriptions.routes import ROUTES as SUBSCRIPTIONS
from api.subscriptions.routes_discount import ROUTES as SUBSCRIPTION_DISCOUNTS
from api.subscriptions.routes_items import ROUTES as SUBSCRIPTION_ITEMS
from api.tax_rates.routes import ROUTES as TAX_RATES
from api.test_clocks.routes import ROUTES as TEST_CLOCKS

THREADS = 16
MAX_WAITING = 256
"""Requests that may wait for a thread; any more are refused, as memory has an end."""
MAX_BODY_BYTES = 1024 * 1024

ROUTES: Sequence[Route] = (
    *METERS,
    *METER_EVENTS,
    *TEST_CLOCKS,
    *CUSTOMERS,
    *CUSTOMER_DISCOUNTS,
    *CUSTOMER_BALANCES,
    *PRODUCTS,
    *PRICES,
    *COUPONS,
    *TAX_RATES,
    *SUBSCRIPTIONS,
    *SUBSCRIPTION_DISCOUNTS,
    *SUBSCRIPTION_ITEMS,
    *INVOICE_ITEMS,
    *INVOICES,
    *MANUAL_INVOICES,
    *CREDIT_NOTES,
    *LATE_USAGE,
    *AUDIT,
)


def expansions(view: View) -> Expansions:
    """What `expand[]` can put into an answer."""
    return {
        **customer_expansions(view),
        **price_expansions(view),
        **coupon_expansions(view),
        **subscription_expansions(view),
        **invoice_item_expansions(view),
        **invoice_expansions(view),
        **credit_note_expansions(view),
    }


def create_app(services: Services) -> Litestar:
    """The application over the given services."""
    authenticator = Authenticator(services)
    handling = RequestHandling(services, authenticator, expansions)
    threads = Threads(THREADS, MAX_WAITING)
    document = openapi_document(
        [*(route.endpoint for route in ROUTES), BULK, STREAM],
        title="Tallybook",
        version=version("tallybook"),
    )
    app = Litestar(
        [
            *(_mounted(route, handling, threads) for route in ROUTES),
            bulk_route(services, authenticator),
            stream_route(services, authenticator),
            *health_routes(services),
            *docs_routes(document),
        ],
        exception_handlers=exception_handlers,
        openapi_config=None,
        request_max_body_size=MAX_BODY_BYTES,
    )
    mount_wire_headers(app)
    return app


def _mounted(route: Route, handling: RequestHandling, threads: Threads) -> HTTPRouteHandler:
    grouped, submit = GroupedHandling(handling, threads), route.submit

    async def handle(request: LitestarRequest[Any, Any, Any]) -> Response[bytes]:
        received = Request(
            method=request.method,
            path=request.scope["path"],
            path_parameters={name: str(v) for name, v in request.path_params.items()},
            query=request.scope["query_string"],
            body=await request.body(),
            headers=request.headers,
            request_id=request_id_of(request.scope),
        )
        if submit is None:
            answered = await threads.run(handling.answer, route, received)
        else:
            answered = await grouped.answer(route, submit, received)
        return Response(
            answered.body,
            status_code=answered.status,
            headers=dict(answered.headers or {}),
            media_type=answered.media_type,
        )

    return HTTPRouteHandler(
        route.endpoint.path, http_method=HttpMethod(route.endpoint.method), status_code=200
    )(handle)
