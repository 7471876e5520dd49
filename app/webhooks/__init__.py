"""Webhooks: what happens, told to partners' systems over HTTP, by the Standard Webhooks specification."""
