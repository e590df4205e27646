"""The speed table of the design, measured: ``python -m benchmarks``."""
