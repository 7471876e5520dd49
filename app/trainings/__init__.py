"""What is taught: training, phases, editions, sessions."""
