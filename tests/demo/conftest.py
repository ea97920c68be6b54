"""The fixtures of the demo's tests."""

from tests.support.folders import folder

__all__ = ["folder"]
