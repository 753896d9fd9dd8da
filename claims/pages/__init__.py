"""The pages of claims: patients, files that came in, remittances, claims, net fees on their way."""
