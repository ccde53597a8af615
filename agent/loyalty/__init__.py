"""The pure heart: what a programme gives for a basket, and why.  Nothing here reads or writes."""
