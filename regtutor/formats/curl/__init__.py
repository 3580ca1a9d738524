"""curl, both ways: the command or script that sends a request again, and what ``curl -v`` printed as exchanges."""
