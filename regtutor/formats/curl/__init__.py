"""curl, both ways: a command or script that sends a request again, and the output of ``curl -v`` read as exchanges."""
