"""The register behind the teacher training Cultuurcoördinator Voortgezet Onderwijs."""

__version__ = "1.0.0"
