"""Where a member stands: tiers, measures, history, caps, vouchers and usable lots."""
