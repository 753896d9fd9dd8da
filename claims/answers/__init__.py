"""What payers answer: payments and denials posted to claims, acknowledgements attached to them."""
