"""Reading an image from a file or a folder: OCI layouts and docker archives. ``load`` detects the format."""
