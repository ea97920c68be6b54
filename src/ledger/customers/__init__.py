"""Customers: who is billed, with personal fields that can be made unreadable for ever."""
