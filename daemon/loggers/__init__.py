"""Where results and status lines go."""
