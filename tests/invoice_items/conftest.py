"""The fixtures of the invoice items' tests."""

from tests.support.http_shop import shop

__all__ = ["shop"]
