"""HTML views of records and findings for notebooks, and a page with a whole transcript."""
