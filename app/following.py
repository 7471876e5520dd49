"""What follows from the changes of a transaction, done before it is committed, as part of it."""

from sqlmodel.ext.asyncio.session import AsyncSession

from app.attendance import outlook
from app.certificates import reviews
from app.core import tenancy
from app.events import service as events


async def settle(db: AsyncSession) -> None:
    """Judge forecasts and certificates whose ground has changed."""
    if events.recorded(db):
        async with tenancy.whole_register(db):  # who got a seat that fell free may be another partner's
            await outlook.settle(db)
            await reviews.settle(db)
