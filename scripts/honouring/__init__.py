"""How many wishes to pay with points a chain honours while head office is away: the real year, by policy."""
