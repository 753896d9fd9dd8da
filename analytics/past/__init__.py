"""How things stood at the end of past days: what each claim still was to bring, and since when."""
