"""Rules that act by themselves when a claim changes: when this happens to one of those, then do that."""
