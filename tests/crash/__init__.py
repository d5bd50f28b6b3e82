"""Real processes of the service are killed under load: nothing acknowledged is lost, and nothing is said twice."""
