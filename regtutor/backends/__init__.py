"""Where a registry comes from: started here, in this process, in a container, or known by its URL."""
