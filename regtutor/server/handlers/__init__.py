"""The answering end of each documented request; the asking end has the same name in ``regtutor.steps``."""
