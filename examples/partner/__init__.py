"""A partner's system: registers teachers from a file, and keeps a list of its own in step."""
