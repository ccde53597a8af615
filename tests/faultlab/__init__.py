"""A small laboratory of faults: an acknowledged operation survives whole, whatever is killed when."""
