"""The read model of coupons and of the discounts they gave."""
