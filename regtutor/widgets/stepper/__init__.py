"""The stepper: a walk that goes forwards and backwards, one request at a time."""
