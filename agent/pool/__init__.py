"""A store's pool: one till holds its store's points and lends them to the others."""
