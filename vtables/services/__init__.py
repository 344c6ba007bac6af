"""What starts by itself: units, timers, cron."""
