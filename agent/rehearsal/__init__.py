"""A programme tried on past receipts before it goes live: what it would have cost, given and owed."""
