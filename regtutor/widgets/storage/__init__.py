"""The registry's storage as a tree, with the changes that each request made."""
