"""One module for each lesson: what its tasks look at, its predictions and its questions."""
