"""Real shop receipts through real processes: a head office, some tills, a POS each, a network that fails."""
