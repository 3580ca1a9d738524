"""Writing a pulled image: the folder in which downloads are verified, and the resulting layout or archive."""
