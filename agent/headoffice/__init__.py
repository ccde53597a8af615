"""Head office: the same journal with every till in it, and the same evaluation on every receipt."""
