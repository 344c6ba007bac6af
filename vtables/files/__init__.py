"""hostql's own files: finding them without being led astray, writing them whole, reading those that are trusted."""
