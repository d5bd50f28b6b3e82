"""What a mail is, whoever sends it: reading letters and bounces, speaking to mail servers. It is no platform."""
