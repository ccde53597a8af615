"""All SQL of head office; embedded SQLite for now, behind functions that another store can offer too."""
