"""The till's ledger: one file, one writer, one hash chain; everything a till must not lose."""
