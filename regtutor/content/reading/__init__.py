"""Reading an image from a file or a folder: OCI layouts and docker archives. ``load`` recognizes which one it is."""
