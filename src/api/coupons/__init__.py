"""Coupons and discounts over HTTP."""
