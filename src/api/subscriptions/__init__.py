"""Subscriptions and their items over HTTP."""
