"""Writing a pulled image: the folder in which downloads are verified, and the layout or archive that it becomes."""
