"""What the routers about attendance ask for beside the common things."""

from datetime import timedelta
from typing import Annotated

from fastapi import Depends

from app.attendance.check_in import Codes
from app.core.http.dependencies import Config


async def _codes(settings: Config) -> Codes:
    return Codes(
        settings.key("check-in codes"),
        opens=timedelta(minutes=settings.check_in_opens_minutes),
        grace=timedelta(minutes=settings.check_in_grace_minutes),
    )


Coding = Annotated[Codes, Depends(_codes)]
