"""The numbers for other systems: the same questions, scopes and values as on the pages."""
