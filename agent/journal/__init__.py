"""The words of the journal: kinds, canonical bytes, the hash chain and tags.  Pure; both ends use it."""
