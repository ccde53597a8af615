"""Readers at the till: bytes from a device in, a `CardRead` or a reason why not out.

Nothing here knows the agent; whoever starts an `InputThread` decides what a read means.
"""
