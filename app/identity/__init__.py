"""Who may call: organisations, their API clients, tokens and access."""
