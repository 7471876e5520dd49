"""What the routers about registrations ask for beside the common things."""

from typing import Annotated

from fastapi import Depends, Query

from app.core.http.dependencies import Config
from app.core.values import Name, Slug
from app.registrations.lifecycle import Status
from app.registrations.links import Links
from app.registrations.lists import Sort, Wanted


async def _links(settings: Config) -> Links:
    return Links(settings.base_url, settings.key("personal links"))


Linking = Annotated[Links, Depends(_links)]


async def _wanted(
    edition: Annotated[Slug | None, Query(description="Only those for this edition")] = None,
    status: Annotated[Status | None, Query(description="Only those in this status")] = None,
    partner: Annotated[Slug | None, Query(description="Only those through this partner")] = None,
    q: Annotated[
        Name | None,
        Query(
            description="Words that all stand in names, school or e-mail address; case, accents and order "
            "do not matter",
            examples=["van der meer"],
        ),
    ] = None,
    sort: Annotated[Sort, Query(description="By what, a minus for descending")] = "receivedAt",
) -> Wanted:
    return Wanted(edition, status, partner, q, sort)


Wanting = Annotated[Wanted, Depends(_wanted)]
