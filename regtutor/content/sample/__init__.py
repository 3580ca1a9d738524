"""The sample image, byte by byte: a tiny program, the tar files of its layers, and the images made of them."""
