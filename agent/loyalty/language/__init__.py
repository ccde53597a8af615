"""The words of a programme: how they are read, checked and warned about."""
