"""Status lists: a bit at a random place for each certificate, published signed, raised when it is revoked."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.problems import NotFound
from app.core.values import utc
from app.credentials import bits, keys, proofs
from app.credentials.keys import Entropy, Vault
from app.credentials.models import StatusList

# Half full, a list gives way to the next: random places are found at once, and tell nothing.
FULL = bits.LENGTH // 2


def address(vault: Vault, list_id: int) -> str:
    """Where a list is published."""
    return f"{vault.base_url}/v1/status-lists/{list_id}"


async def open_list(db: AsyncSession, vault: Vault, now: datetime) -> StatusList:
    """The list that new certificates get their bit in, locked until the commit; one more of it is used."""
    query = select(StatusList).where(StatusList.used < FULL).order_by(col(StatusList.id).desc()).limit(1)
    found = (await db.exec(query.with_for_update())).first()
    if found is None:
        found = StatusList(credential="", signed_at=now)
        db.add(found)
        await db.flush()
        await sign(db, vault, found, (), now)
    found.used += 1
    return found


def place(entropy: Entropy) -> int:
    """A random place in a list."""
    return int.from_bytes(entropy(8)) % bits.LENGTH


async def locked(db: AsyncSession, list_id: int) -> StatusList:
    """A list, locked until the commit; it must exist."""
    return await db.get_one(StatusList, list_id, with_for_update=True, populate_existing=True)


async def sign(
    db: AsyncSession, vault: Vault, wanted: StatusList, raised: Iterable[int], now: datetime
) -> None:
    """Publish a list in which the bits of `raised` are 1."""
    url = address(vault, wanted.id or 0)
    document: dict[str, Any] = {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "id": url,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": vault.did,
        "validFrom": utc(now.replace(microsecond=0)),
        "credentialSubject": {
            "id": f"{url}#list",
            "type": "BitstringStatusList",
            "statusPurpose": "revocation",
            "encodedList": bits.encoded(raised),
        },
    }
    signed = proofs.with_proof(document, await keys.signer(db, vault, now), now)
    wanted.credential, wanted.signed_at = json.dumps(signed, ensure_ascii=False), now
    await db.flush()


async def read(db: AsyncSession, list_id: int) -> str:
    """A list as it was last signed, as JSON; NotFound for one that is not there."""
    found = await db.get(StatusList, list_id)
    if found is None:
        raise NotFound("There is no such status list.")
    return found.credential
