"""hostql about itself."""
