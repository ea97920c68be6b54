"""The read model of subscriptions."""
