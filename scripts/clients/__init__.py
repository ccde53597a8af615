"""Real point-of-sale programs that sell through the till's door, each in an environment of its own."""
