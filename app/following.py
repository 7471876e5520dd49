"""What follows from the changes of a transaction, done before it is committed, as part of it."""

from sqlmodel.ext.asyncio.session import AsyncSession

from app.attendance import outlook
from app.certificates import reviews


async def settle(db: AsyncSession) -> None:
    """Judge forecasts and certificates whose ground has changed."""
    await outlook.settle(db)
    await reviews.settle(db)
