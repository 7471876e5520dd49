"""Credentials that stand anywhere: how they are signed, with which keys, and how they are struck off."""
