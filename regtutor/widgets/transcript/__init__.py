"""A transcript as a timeline with a filter, and its still picture for a saved notebook."""
