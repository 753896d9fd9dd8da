"""What tests stand on: makers, fixtures, servers, and the runner behind `make test`."""
