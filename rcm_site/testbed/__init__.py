"""What `make test` stands on: the runner, the services it starts, and a sandbox for each test process.

Nothing here imports Django, since it decides what the settings will read.
"""
