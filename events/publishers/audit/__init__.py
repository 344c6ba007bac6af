"""Events from Linux audit: by netlink as a listener or as the daemon, or through auditd's dispatcher."""
