"""The audit trail and the outbox, one row for both."""
