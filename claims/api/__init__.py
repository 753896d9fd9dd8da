"""Claims for other systems: patients, claims, files of claims, and what providers generate."""
