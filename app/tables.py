"""Every table, imported here so that migrations and tests see them all."""

from sqlmodel import SQLModel

import app.attendance.models
import app.attendance.statements
import app.certificates.models
import app.core.idempotency
import app.credentials.models
import app.draws.models
import app.events.models
import app.identity.models
import app.imports.models
import app.invoices.models
import app.notifications.models
import app.privacy.models
import app.registrations.models
import app.registrations.statements
import app.trainings.models
import app.webhooks.models  # noqa: F401  imported for the tables that it defines

metadata = SQLModel.metadata
