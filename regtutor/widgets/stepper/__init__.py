"""The stepper: go through a walk one request at a time, and look back at each state."""
