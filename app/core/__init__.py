"""What every feature stands on: settings, database, clock, problems, HTTP."""
