"""Invoices: a seller, a buyer, one participation, and what has become of it."""
