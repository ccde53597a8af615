"""All SQL of head office, one file an idea; `protocol.py` is what another database would have to offer."""
