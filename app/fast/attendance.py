"""One participant's attendance the short way."""

from uuid import UUID

from pydantic import ValidationError

from app.attendance.schemas import AttendanceBody, AttendanceRead
from app.core import etags
from app.fast.admission import counted, let_in
from app.fast.asked import UUID_AS_WRITTEN, Answer, Asked, OutOfTheOrdinary
from app.fast.callers import acting_as
from app.identity.caller import Role, Scope

_RECORD = "SELECT * FROM record_attendance($1, $2, $3, $4, $5, $6, $7, $8)"


async def save_one(asked: Asked) -> Answer:
    """Presence and minutes recorded by who gives the session, as `saveOneAttendance` does it."""
    caller = asked.caller(Scope.ATTENDANCE_WRITE)
    ordinary = caller.role is Role.PROVIDER and not asked.scope["query_string"]
    if not ordinary or not all(map(UUID_AS_WRITTEN.fullmatch, asked.place)):
        raise OutOfTheOrdinary
    try:
        wanted = AttendanceBody.model_validate(await asked.body())
    except ValidationError:
        raise OutOfTheOrdinary from None
    if wanted.model_fields_set - {"presence", "minutes"}:
        raise OutOfTheOrdinary
    count = await counted(asked, caller)
    session, registration = map(UUID, asked.place)
    rows = await asked.means.lines.fetch(
        acting_as(caller),
        _RECORD,
        *(caller.client_id, caller.organisation, asked.now, session, registration),
        *(wanted.presence, wanted.minutes, asked.address or None),
    )
    if not rows:
        raise OutOfTheOrdinary
    let_in(asked, caller, count)
    content = AttendanceRead.model_validate(dict(rows[0])).model_dump_json().encode()
    return Answer.of(content, etag=etags.of_bytes(content))
