"""How journals travel to head office and news comes back."""
