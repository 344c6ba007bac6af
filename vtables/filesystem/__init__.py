"""Files, hashes, mounts and disks."""
