"""What happens on the host: publishers, exclusion profiles, the collector, the buffer, the event tables."""
