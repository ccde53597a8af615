"""One file per verb: how its words become closures over whole numbers."""
