"""Who we keep."""
