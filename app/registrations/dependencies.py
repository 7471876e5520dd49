"""What the routers about registrations ask for beside the common things."""

from typing import Annotated

from fastapi import Depends

from app.core.http.dependencies import Config
from app.registrations.links import Links


async def _links(settings: Config) -> Links:
    return Links(settings.base_url, settings.key("personal links"))


Linking = Annotated[Links, Depends(_links)]
