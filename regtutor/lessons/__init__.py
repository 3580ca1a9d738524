"""The course: its notebooks, and the code that only they use."""
