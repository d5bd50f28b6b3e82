"""What Meta does beside letting fans and brands talk."""
