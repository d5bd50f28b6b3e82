"""The fan, and what the fan allows."""
