"""Which claims are worked, by whom and in which order: worklists, what each claim is worth, who has it."""
