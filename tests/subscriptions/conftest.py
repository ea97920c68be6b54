"""The fixtures of the subscriptions' tests."""

from tests.support.http_shop import shop

__all__ = ["shop"]
