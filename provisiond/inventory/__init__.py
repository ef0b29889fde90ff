"""What are things, and what is allowed? Pure records and rules; no sockets, SQL or files."""
