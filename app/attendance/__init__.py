"""What a participant did: attendance, contact hours, progress, eligibility."""
