"""The handler of each endpoint. The step of the same name in ``regtutor.steps`` sends the request."""
