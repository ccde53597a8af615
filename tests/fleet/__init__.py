"""A chain in one process: production tills and head office over simulated time, disks and network."""
