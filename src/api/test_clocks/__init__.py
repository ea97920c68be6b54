"""Test clocks over HTTP."""
