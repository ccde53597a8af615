"""What follows a sale: returns, the facts after it, the end of a period, joining."""
