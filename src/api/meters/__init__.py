"""Meters over HTTP."""
