"""The floor: bare Starlette and asyncpg, one hand-written statement, the same rows and the same JSON.

No authorisation, validation, tenancy or problem handling: what the application costs is measured against this.
"""

import contextlib
import hashlib
import json
import os
import uuid
from collections.abc import AsyncIterator

import asyncpg
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

FIELDS = """json_build_object('id', r.id, 'edition', r.edition, 'partner', r.partner,
  'applicant', json_build_object('id', a.id, 'givenName', a.given_name, 'familyNamePrefix',
    a.family_name_prefix, 'familyName', a.family_name, 'email', a.email, 'phone', a.phone),
  'school', json_build_object('name', r.school_name, 'city', r.school_city), 'position', r.position,
  'motivation', r.motivation, 'status', r.status, 'receivedAt', r.received_at, 'answerBy', r.answer_by,
  'waitingNumber', r.waiting_number, 'enrolmentForm', json_build_object('url', f.registration,
    'token', f.registration, 'dueAt', null, 'submittedAt', f.submitted_at))::text"""
JOINED = """FROM registration r JOIN applicant a ON a.id = r.applicant
  JOIN enrolment_form f ON f.registration = r.id"""
READ = f"SELECT {FIELDS} {JOINED} WHERE r.id = $1"
LIST = f"SELECT {FIELDS} {JOINED} WHERE r.partner = 'fleck' ORDER BY r.received_at, r.id LIMIT 51"
REGISTER = """WITH a AS (INSERT INTO applicant (id, partner, given_name, family_name_prefix, family_name, email, phone,
      search_text)
    VALUES ($1, 'fleck', $3, $4, $5, $6, $7, lower(concat_ws(' ', $3::varchar, $4::varchar, $5::varchar, $6::varchar,
      $9::varchar, $10::varchar))) RETURNING id, lower(family_name) AS key),
  r AS (INSERT INTO registration (id, edition, partner, applicant, email_key, school_name, school_city, position,
      motivation, status, received_at, name_key)
    SELECT $2, $8, 'fleck', a.id, lower($6), $9, $10, $11, $12, 'received', now(), a.key FROM a RETURNING id),
  f AS (INSERT INTO enrolment_form (registration, token_digest) SELECT r.id, $13 FROM r)
INSERT INTO event (type, subject, edition, partner, actor, at, data)
  VALUES ('registration.received', $2::text, $8, 'fleck', 'bench', now(), '{}')"""
# With a key, the answer is kept too: as it is, where the application seals it.
KEEP = """,
  k AS (INSERT INTO idempotent_answer (id, fingerprint, sealed, kept_until)
    VALUES ($14, $15, $16, now() + interval '24 hours'))
INSERT INTO event"""
REGISTER_ONCE = REGISTER.replace("\nINSERT INTO event", KEEP)
ATTEND = """WITH w AS (INSERT INTO attendance (session, registration, presence, channel, minutes, version, recorded_by, recorded_at)
    VALUES ($1, $2, 'present', 'in-person', $3, 1, 'bench', now())
  ON CONFLICT (session, registration) DO UPDATE SET minutes = $3, version = attendance.version + 1, recorded_at = now()
  RETURNING session, registration, version, presence, channel, minutes, recorded_by, recorded_at),
  v AS (INSERT INTO attendance_version (session, registration, version, presence, channel, minutes, recorded_by, recorded_at)
    SELECT * FROM w)
INSERT INTO event (type, subject, edition, partner, actor, at, data)
  VALUES ('attendance.corrected', $2::text, 'voorbeeld', 'fleck', 'bench', now(), '{}')"""
VERIFY = """SELECT json_build_object('status', status, 'holderName', holder_name, 'trainingTitle', training_title,
  'issuer', issuer, 'issuedOn', issued_on, 'contactHours', contact_minutes / 60.0, 'revokedOn', null)::text
  FROM certificate WHERE code = $1"""


async def _as_it_is(_: object) -> None:
    """Give a connection back without the round trip that asyncpg resets it with: nothing was set."""


@contextlib.asynccontextmanager
async def _pool(app: Starlette) -> AsyncIterator[None]:
    url = os.environ["FLOOR_DATABASE_URL"]
    async with asyncpg.create_pool(url, min_size=10, max_size=10, reset=_as_it_is) as pool:
        app.state.pool = pool
        yield


def _json(text: str, status: int = 200) -> Response:
    return Response(text, status, media_type="application/json")


async def register(request: Request) -> Response:
    """Three rows and an event; with a key, what repeats are answered with."""
    body = await request.json()
    who, school, key = body["applicant"], body["school"], uuid.uuid4()
    names = (who["givenName"], who["familyNamePrefix"], who["familyName"], who["email"], who["phone"])
    rest = (body["edition"], school["name"], school["city"], body["position"], body["motivation"])
    rows = (uuid.uuid4(), key, *names, *rest, key.bytes * 2)
    made = {**body, "id": str(key), "partner": "fleck", "status": "received", "receivedAt": None}
    answer = json.dumps(made, ensure_ascii=False)
    if once := request.headers.get("idempotency-key"):
        kept = (hashlib.sha256(once.encode()).digest(), hashlib.sha256(await request.body()).digest())
        await request.app.state.pool.execute(REGISTER_ONCE, *rows, *kept, answer.encode())
    else:
        await request.app.state.pool.execute(REGISTER, *rows)
    return _json(answer, 201)


async def read(request: Request) -> Response:
    """One registration."""
    return _json(await request.app.state.pool.fetchval(READ, uuid.UUID(request.path_params["id"])))


async def page(request: Request) -> Response:
    """Fifty registrations."""
    rows = await request.app.state.pool.fetch(LIST)
    return _json(f'{{"items":[{",".join(row[0] for row in rows[:50])}],"nextCursor":"x"}}')


async def attend(request: Request) -> Response:
    """One attendance and an event."""
    body, path = await request.json(), request.path_params
    session, registration = uuid.UUID(path["session"]), uuid.UUID(path["registration"])
    await request.app.state.pool.execute(ATTEND, session, registration, body["minutes"])
    return _json(json.dumps({**path, "presence": "present", "minutes": body["minutes"]}))


async def verify(request: Request) -> Response:
    """One public check."""
    return _json(await request.app.state.pool.fetchval(VERIFY, request.path_params["code"]))


app = Starlette(
    lifespan=_pool,
    routes=[
        Route("/v1/registrations", register, methods=["POST"]),
        Route("/v1/registrations", page),
        Route("/v1/registrations/{id}", read),
        Route("/v1/sessions/{session}/attendance/{registration}", attend, methods=["PUT"]),
        Route("/v1/verifications/{code}", verify),
    ],
)
