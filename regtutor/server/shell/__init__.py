"""The registry on a socket: Tornado parses and frames, passwords are checked, and the app is asked."""
