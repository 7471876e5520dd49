"""Measures the API against its floor, as ratios: `make bench`, or `python -m bench --quick`."""
