"""Breaking things on purpose, with real kills and real disks: `scripts/faults NAME…`."""
