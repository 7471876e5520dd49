"""What the routers about certificates ask for beside the common things."""

from typing import Annotated

from fastapi import Depends, Query, Request

from app.core.http.dependencies import Config
from app.core.http.limits import limited
from app.core.language import Language, preferred
from app.credentials.keys import Vault

# Codes cannot be guessed, and whoever tries hears so. Every check counts, whichever way it comes.
CHECKING = limited("verifications")


async def _vault(settings: Config) -> Vault:
    return Vault.of(settings)


Signing = Annotated[Vault, Depends(_vault)]


async def _asked(
    request: Request,
    lang: Annotated[
        str | None, Query(include_in_schema=False, description="What the page's own link asks for")
    ] = None,
) -> Language:
    """Dutch, unless the reader asks for English; a language that we do not speak counts as none."""
    if lang in ("nl", "en"):
        return "nl" if lang == "nl" else "en"
    return preferred(request.headers.get("accept-language"), default="nl")


Asked = Annotated[Language, Depends(_asked)]
