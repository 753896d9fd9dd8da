"""What payers agreed to pay, what claims should bring by it, and what they were paid less than that."""
