"""Loyalty at the till: cards, points and discounts, right with the network gone and the power cut."""

__version__ = "0.1.0"
