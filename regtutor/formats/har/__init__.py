"""HTTP Archive (HAR 1.2), both ways."""
