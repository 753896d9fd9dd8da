"""Net fees on their way to the payments side: the outbox, its relay, and the ledger at the other end."""
