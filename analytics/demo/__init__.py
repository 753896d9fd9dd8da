"""A made-up revenue cycle, to look at and to measure with: the same for the same seed and day."""
