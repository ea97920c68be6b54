"""The fixtures of the invoices' tests."""

from tests.support.http_shop import shop

__all__ = ["shop"]
