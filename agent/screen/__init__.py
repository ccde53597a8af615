"""The cashier's and the customer's screen: what stands on the counter, in words."""
