"""How claims and remittances get in: readers turn bytes into records, whatever the format."""
