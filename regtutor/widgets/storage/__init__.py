"""The registry's storage as a tree, with what each request changed."""
