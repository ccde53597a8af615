"""The running till: the only place that wires rooms together."""
