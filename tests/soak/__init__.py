"""The service under everything at once, for as long as it takes: `make soak TIME=1800`."""
