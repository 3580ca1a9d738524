"""The course: its notebooks, and what they use beside the protocol itself."""
