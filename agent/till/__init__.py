"""The till's interface: whose card is it, what does the basket give, what was agreed when it was paid."""
