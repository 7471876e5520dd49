"""The application: routers, problem handlers, middleware, documentation."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from fastapi import APIRouter, FastAPI
from swagger_ui_bundle import swagger_ui_path

from app import __version__, following, worker
from app.attendance import service as attendance_service
from app.attendance.evidence_router import router as personal_progress
from app.attendance.evidence_router import uploads as personal_uploads
from app.attendance.files_router import router as files
from app.attendance.files_router import uploads
from app.attendance.hours_router import router as contact_hours
from app.attendance.lists_router import router as session_lists
from app.attendance.personal_router import router as personal_pages
from app.attendance.router import router as attendance
from app.certificates.batches_router import router as batches
from app.certificates.check_page_router import router as check_page
from app.certificates.evidence_router import router as evidence_sheets
from app.certificates.holders_router import router as holders
from app.certificates.register_router import router as register
from app.certificates.reviews_router import router as reviews
from app.certificates.router import router as certificates
from app.certificates.router import verifications
from app.certificates.table_router import router as certificates_table
from app.core import storage as storages
from app.core.clock import Clock
from app.core.database import Database
from app.core.http import deprecation, refusals, strictness, tables
from app.core.http.conditional import Conditional
from app.core.http.deprecation import Deprecation, Deprecations
from app.core.http.envelope import Envelope
from app.core.http.limits import Limiter
from app.core.http.origins import Origins
from app.core.http.uploads import limits
from app.core.settings import Settings
from app.core.storage import Storage
from app.credentials.router import router as status_lists
from app.credentials.router import well_known
from app.documentation.router import Assets
from app.documentation.router import router as documentation
from app.draws.router import router as draws
from app.identity import provider
from app.identity.events_router import router as events
from app.identity.metadata_router import router as metadata
from app.identity.router import clients, organisations, tokens
from app.imports.exports_router import router as registration_files
from app.imports.router import router as registration_imports
from app.invoices.participants_router import router as participants_invoices
from app.invoices.router import router as invoices
from app.invoices.sellers_router import router as sellers
from app.monitoring import health, metrics
from app.notifications.router import router as messages
from app.notifications.untold_router import router as untold
from app.privacy.router import router as privacy
from app.registrations.applicants_router import router as applicants
from app.registrations.editions_router import router as editions_registrations
from app.registrations.forms_router import router as forms
from app.registrations.personal_calendar_router import router as personal_calendars
from app.registrations.personal_links_router import router as personal_links
from app.registrations.returned_forms_router import router as returned_forms
from app.registrations.router import router as registrations
from app.trainings.feeds_router import router as feeds
from app.trainings.router import catalogue, editions, phases
from app.trainings.sessions_router import router as sessions
from app.webhooks.deliveries_router import router as deliveries
from app.webhooks.router import router as webhooks

ROUTERS = (
    tokens,
    metadata,
    organisations,
    clients,
    catalogue,
    phases,
    editions,
    sessions,
    feeds,
    registrations,
    registration_files,
    registration_imports,
    personal_links,
    personal_calendars,
    applicants,
    privacy,
    forms,
    returned_forms,
    editions_registrations,
    draws,
    sellers,
    invoices,
    participants_invoices,
    attendance,
    session_lists,
    contact_hours,
    personal_pages,
    files,
    uploads,
    personal_progress,
    personal_uploads,
    certificates,
    certificates_table,
    batches,
    reviews,
    holders,
    evidence_sheets,
    check_page,
    verifications,
    register,
    status_lists,
    well_known,
    messages,
    untold,
    webhooks,
    deliveries,
    events,
    documentation,
    health,
    metrics,
)


# The operations that will go, by their ids: docs/decisions/0012 says how one comes to stand here.
DEPRECATED: dict[str, Deprecation] = {}

# Links to the check of a certificate are shared, and what people share them with adds to the query.
for router in ROUTERS:
    strictness.refuse_what_is_unknown(
        router.routes, any_query={"verifyCertificate", "showCheckPage", "showSignedIn"}
    )
deprecation.mark([route for router in ROUTERS for route in router.routes], DEPRECATED)

# Included once: what the framework works out for a route at its first request is there for every application.
API = APIRouter()
for router in ROUTERS:
    API.include_router(router)


def create_app(settings: Settings, database_url: str, *, with_worker: bool = False) -> FastAPI:
    """The application on the database at `database_url`, with the background work if so wanted."""
    clock = Clock(settings.at)
    database = Database(database_url, settings.pool_size, following.settle)
    storage = storages.of(settings)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as tasks:
            working = tasks.create_task(_work(with_worker, database, clock, storage, settings))
            yield
            working.cancel()
        await database.close()

    app = FastAPI(
        title="Cultuurcoördinator VO",
        version=__version__,
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.settings, app.state.clock, app.state.database = settings, clock, database
    app.state.recorded = attendance_service.recorded
    app.state.limiter = Limiter()
    app.state.storage = storage
    app.state.sign_in = provider.sign_in(settings)
    app.state.routes = [route for router in ROUTERS for route in router.routes]
    app.router.routes.extend(API.routes)
    app.mount("/v1/docs/assets", Assets(directory=swagger_ui_path))
    refusals.install(app)
    app.add_middleware(Conditional)
    app.add_middleware(Deprecations, deprecated=DEPRECATED)
    larger = limits(app.state.routes, settings.max_file_bytes)
    larger += tables.limits(app.state.routes, settings.max_import_bytes)
    app.add_middleware(
        Envelope,
        clock=clock,
        max_body_bytes=settings.max_body_bytes,
        body_seconds=settings.body_seconds,
        larger=larger,
    )
    app.add_middleware(Origins, allowed=settings.allowed_origins)
    return app


async def _work(wanted: bool, database: Database, clock: Clock, storage: Storage, settings: Settings) -> None:
    if wanted:
        await worker.work(database, clock, storage, settings)
