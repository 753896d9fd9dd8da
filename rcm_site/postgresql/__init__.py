"""Django's PostgreSQL, but for how often it is asked whether it is still there."""
