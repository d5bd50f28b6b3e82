"""What we give."""
