"""What a participant takes home: certificate, PDF, public check."""
