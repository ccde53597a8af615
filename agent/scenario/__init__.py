"""Stories of a programme in plain text: members, receipts, and what each must give to the last digit."""
