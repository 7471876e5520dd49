"""HTTP for what verifiers read: the register's keys and its status lists. Open to all, from any origin."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from app.core.http.answers import problems
from app.core.http.dependencies import Config, Db
from app.core.http.origins import FOR_EVERY_ORIGIN
from app.core.problems import InvalidInput, NotFound
from app.credentials import did, keys, status_lists
from app.credentials.media import CREDENTIAL
from app.identity.access import PUBLIC_ON_REGISTER

router = APIRouter(prefix="/v1/status-lists", tags=["verifications"])
# Their addresses are those of the standards, outside the contract's server /v1.
well_known = APIRouter(prefix="/.well-known", include_in_schema=False)

# Verifiers may keep what they have read for so long: a revocation is seen after that at the latest.
SHARED = {"Cache-Control": "public, max-age=300"}
ListId = Annotated[int, Path(alias="listId", ge=1, le=2**31 - 1)]


@well_known.get("/did.json", dependencies=[PUBLIC_ON_REGISTER, FOR_EVERY_ORIGIN])
async def get_did_document(db: Db, settings: Config) -> Response:
    """The DID document (did:web) with every key that credentials were signed with, the newest first."""
    document = did.document(did.identifier(settings.base_url), await keys.published(db))
    return _public(document, "application/did+json")


@well_known.get("/jwks.json", dependencies=[PUBLIC_ON_REGISTER, FOR_EVERY_ORIGIN])
async def get_key_set(db: Db, settings: Config) -> Response:
    """The same keys as a JSON Web Key Set (RFC 7517), by the ids that tokens name them by."""
    key_set = did.key_set(did.identifier(settings.base_url), await keys.published(db))
    return _public(key_set, "application/jwk-set+json")


@router.get(
    "/{listId}",
    dependencies=[PUBLIC_ON_REGISTER, FOR_EVERY_ORIGIN],
    summary="Read a status list",
    operation_id="getStatusList",
    responses={
        200: {"content": {CREDENTIAL: {"schema": {"type": "object"}}}},
        **problems(InvalidInput, NotFound),
    },
    response_class=Response,
)
async def get_status_list(list_id: ListId, db: Db) -> Response:
    """A Bitstring Status List: the bit at a credential's `statusListIndex` is 1 once it no longer counts."""
    return Response(await status_lists.read(db, list_id), media_type=CREDENTIAL, headers=SHARED)


def _public(document: dict[str, Any], media_type: str) -> Response:
    return Response(json.dumps(document), media_type=media_type, headers=SHARED)
