"""The fixtures of the credit notes' tests."""

from tests.support.http_shop import shop

__all__ = ["shop"]
