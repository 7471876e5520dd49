"""What the law asks about people: retention, access, erasure, and the register of processing."""
