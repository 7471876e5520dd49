"""Registrations in bulk: taken in from files of partners, and given out as such."""
