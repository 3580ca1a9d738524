"""The registry on a socket: Tornado parses and frames HTTP, passwords are checked, and the app is called."""
