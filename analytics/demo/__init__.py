"""A made-up year of a revenue cycle, to look at and to measure with: the same again for the same seed and day."""
