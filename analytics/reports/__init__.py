"""Reports that people put together: a question read from a definition, its rows, and its files."""
