"""What the suites share: minted PKI, scenarios, clocks, servers, and ways to run and to wait."""
