"""The courier: claims deliveries, sends them beside each other, keeps what came of them; a worker has one."""

import asyncio
import contextlib
import random
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core import listening
from app.core.clock import Clock
from app.core.database import Database
from app.core.problems import Unavailable
from app.core.settings import Settings
from app.webhooks import claims, connecting, sending
from app.webhooks.claims import Claimed, Result
from app.webhooks.sending import Way
from app.webhooks.signing import Seal

# Seconds between looks at the claims of workers that are no more, and at what has waited too long.
TAKE_BACK_SECONDS, EXPIRE_SECONDS = 2.0, 60.0
GRACE = 10.0  # seconds that what is under way may take once the worker is stopped
_AGAIN = 1.0  # seconds after which the database is tried again

log = structlog.get_logger(__name__)


def way_of(settings: Settings, resolve: connecting.Resolver) -> Way:
    """How deliveries go out, by the settings."""
    return Way(
        pool=connecting.pool(resolve, local=settings.lets_webhooks_in),
        base_url=settings.base_url,
        seal=Seal(settings.key("webhook secrets")),
        seconds=settings.webhook_seconds,
    )


class Courier:
    """Delivers for as long as it runs.

    One transaction at a time keeps what has ended and claims what comes next; deliveries themselves are under
    way beside each other, in no transaction. `number` gives this worker's number, or None when it has none.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        way: Way,
        concurrency: int,
        number: Callable[[], int | None],
        bell: asyncio.Event,
    ) -> None:
        self._database, self._clock, self._way = database, clock, way
        self._concurrency, self._number, self._bell = concurrency, number, bell
        self._under_way: dict[asyncio.Task[None], Claimed] = {}
        self._ended: list[Result] = []
        self._taken_back = self._expired = float("-inf")
        self._worker = 0  # the number that deliveries were claimed by

    async def run(self) -> None:
        """Deliver until cancelled; then what is under way gets a moment to end, and is kept."""
        try:
            while True:
                self._bell.clear()
                await listening.heard(self._bell, await self._turn())
        except asyncio.CancelledError:
            await self._stop()
            raise

    async def once(self) -> int:
        """Deliver all that is due now, and what follows from it; gives how many attempts were made."""
        sent = 0
        while True:
            sent += len(self._ended)
            await self._keep_and_claim()
            if self._under_way:
                await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
            elif not self._ended:
                return sent

    async def _turn(self) -> float:
        """Keep, claim and send; gives for how many seconds there is nothing to do unless the bell rings."""
        try:
            falls_due = await self._keep_and_claim()
        except Unavailable:
            log.warning("deliveries wait for the database")
            return _AGAIN
        except Exception:  # whatever went wrong, the next turn must come
            log.exception("a turn of deliveries failed")
            return _AGAIN
        seconds = TAKE_BACK_SECONDS
        if falls_due is not None:
            seconds = min(seconds, max((falls_due - self._clock.now()).total_seconds(), 0.01))
        return seconds

    async def _keep_and_claim(self) -> datetime | None:
        now, worker, ended = self._clock.now(), self._number(), self._ended
        self._ended = []
        try:
            async with self._database.transaction() as db:
                if ended:
                    await claims.settle(db, self._worker, ended, now)
                await self._look_after(db, now)
                if worker is None:
                    return None
                self._worker = worker
                claimed, falls_due = await claims.claim(db, worker, now, self._concurrency)
        except BaseException:
            self._ended = ended + self._ended
            raise
        for one in claimed:
            task = asyncio.create_task(self._send(one))
            self._under_way[task] = one
            task.add_done_callback(self._arrived)
        return falls_due

    async def _look_after(self, db: AsyncSession, now: datetime) -> None:
        at = asyncio.get_running_loop().time()
        if at - self._taken_back >= TAKE_BACK_SECONDS:
            self._taken_back = at
            if freed := await claims.take_back(db, listening.WORKERS, now):
                log.info("took over", deliveries=freed)
        if at - self._expired >= EXPIRE_SECONDS:
            self._expired = at
            if given_up := await claims.expire(db, now):
                log.info("gave up", deliveries=given_up)

    async def _send(self, claimed: Claimed) -> None:
        sent, outcome = await sending.send(self._way, claimed, self._clock.real)
        chance = random.random()  # noqa: S311  a pause, no secret
        self._ended.append(Result(claimed, sent, outcome, chance))

    def _arrived(self, task: asyncio.Task[None]) -> None:
        del self._under_way[task]
        if not task.cancelled() and (fault := task.exception()):
            log.error("a delivery failed in a way that was not foreseen", exc_info=fault)
        self._bell.set()

    async def _stop(self) -> None:
        """Let what is under way end, for a while; give back the rest."""
        under_way = dict(self._under_way)
        if under_way:
            await asyncio.wait(under_way, timeout=GRACE)
        broken_off = [claimed for task, claimed in under_way.items() if not task.done()]
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        with contextlib.suppress(Unavailable):
            async with self._database.transaction() as db:
                await claims.settle(db, self._worker, self._ended, self._clock.now())
                await claims.release(db, self._worker, [claimed.id for claimed in broken_off])
        self._ended = []


async def purge(database: Database, clock: Clock, days: int) -> int:
    """Forget what ended more than so many days ago; gives how many deliveries."""
    before, purged = clock.now() - timedelta(days=days), 0
    while True:
        async with database.transaction() as db:
            count = await claims.purge(db, before)
        purged += count
        if count < claims.BATCH:
            return purged
