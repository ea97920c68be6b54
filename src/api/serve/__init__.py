"""Serving: API workers, projector and scheduler under one supervisor."""
