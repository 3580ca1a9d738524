"""Images: their parts, how they are read from disk, and how a pulled image is written to disk."""
