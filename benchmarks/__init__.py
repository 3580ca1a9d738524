"""Benchmarks of regtutor beside other clients and registries: ``make bench``."""
