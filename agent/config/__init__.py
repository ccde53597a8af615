"""Configuration of both ends: TOML files, strict, with every mistake named at once."""
