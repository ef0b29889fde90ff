"""How do phones ask? The sockets that phones talk to."""
