"""The public check of a certificate the short way, for programs."""

import re

from app.certificates.schemas import VerificationRead
from app.certificates.service import day
from app.core import etags, tenancy
from app.core.http import limits
from app.core.http.accept import wants_page
from app.core.http.origins import EVERY_ORIGIN
from app.core.tokens import digest
from app.fast.asked import Answer, Asked, OutOfTheOrdinary

# Every code has this shape; what has another finds nothing, and hears so.
_CODE = re.compile("[a-z0-9]{1,100}")
_VERIFY = """
SELECT c.status, c.holder_name, c.training_title, c.issuer, c.issued_on, c.contact_minutes, c.revoked_at,
       c.superseded_at, e.time_zone
  FROM certificate c JOIN registration r ON r.id = c.registration JOIN edition e ON e.slug = r.edition
 WHERE c.code_digest = $1"""


async def verify(asked: Asked) -> Answer:
    """What anyone may know of a certificate, as `verifyCertificate` answers it to who wants no page."""
    (code,) = asked.place
    accept = asked.headers.get(b"accept", b"").decode("latin-1")
    if asked.scope["query_string"] or not _CODE.fullmatch(code) or wants_page(accept):
        raise OutOfTheOrdinary
    told = await _counted(asked)
    rows = await asked.means.lines.fetch(tenancy.WHOLE, _VERIFY, digest(code))
    if not rows:
        raise OutOfTheOrdinary
    status, holder, training, issuer, issued_on, minutes, revoked_at, superseded_at, time_zone = rows[0]
    found = VerificationRead(
        status=status,
        holder_name=holder,
        training_title=training,
        issuer=issuer,
        issued_on=issued_on,
        contact_hours=minutes / 60,
        revoked_on=day(revoked_at, time_zone),
        superseded_on=day(superseded_at, time_zone),
    )
    asked.scope[limits.TOLD].update(told | EVERY_ORIGIN)
    content = found.model_dump_json().encode()
    return Answer.of(content, vary="Accept", etag=etags.of_bytes(content))


async def _counted(asked: Asked) -> dict[str, str]:
    """Count the call of this address twice, as the route does: as a public one, and as a check."""
    settings, limiter = asked.settings, asked.scope["app"].state.limiter
    told: dict[str, str] = {}
    for group, most, moving in (
        ("public", settings.address_per_minute, False),
        ("verifications", settings.public_per_minute, True),
    ):
        if most:
            count = await limits.counted_once(asked.scope, limiter, group, asked.address, most, moving=moving)
            if not count.allowed:
                raise OutOfTheOrdinary
            told |= count.headers
    return told
