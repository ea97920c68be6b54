"""Coupons, and the discounts they give where they are applied."""
