"""The register behind the teacher training Cultuurcoördinator Voortgezet Onderwijs."""

__version__ = "0.1.0"
