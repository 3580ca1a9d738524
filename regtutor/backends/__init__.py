"""Back ends: a registry in this process, as a native program, in a container, or at a URL."""
