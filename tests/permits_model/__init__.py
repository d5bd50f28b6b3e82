"""A model of who may be written to, from the rules alone, and a machine that holds it against the real tables."""
