"""One basket on its way through the stages."""
