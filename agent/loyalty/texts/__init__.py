"""The phrases of reasons and prompts, in English, Russian and Finnish."""
