"""Everything that listens on HTTP: the platforms, the fan's pages, the CRM and the community managers."""
