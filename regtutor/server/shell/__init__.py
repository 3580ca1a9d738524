"""The registry on a socket: HTTP is parsed and framed, passwords are checked, and the app is called."""
