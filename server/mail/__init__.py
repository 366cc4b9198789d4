"""Mail to the two parties, where a mail server is configured: what is sent when, how it reads, and the sending."""
