"""The sample image, byte by byte: a tiny program, the tar files of the layers, and the images made from them."""
