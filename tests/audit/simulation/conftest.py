"""The ledger of the audit tests, and a shop over HTTP."""

from tests.audit.conftest import ledger
from tests.support.http_shop import shop

__all__ = ["ledger", "shop"]
