"""Django's PostgreSQL, asked less often whether it is still there, and to plan what it has planned before."""
