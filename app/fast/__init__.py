"""The short way for the five operations that are called most: their ordinary success in one statement.

The routes of the features stay what these operations are. What is answered here is what the route would
answer and write; whatever is out of the ordinary goes on to the route as it came, and `tests/fast` compares
the two (docs/decisions/0030-a-short-way-for-five-operations.md).
"""
