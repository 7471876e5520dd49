"""From registration to participant: applicant, form, seat."""
