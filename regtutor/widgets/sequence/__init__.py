"""The sequence diagram: an arrow for each message between client and registry."""
