"""When a rule may speak: conditions about basket, place and member, and the lines they mean."""
