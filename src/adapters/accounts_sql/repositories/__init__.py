"""The repositories: for each aggregate its reads, which work alone, and its writes, which need a transaction."""
