"""HTML: how records and findings look in a notebook, and a page that holds a whole transcript."""
