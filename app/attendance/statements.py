"""Recording one participant's attendance as one call of the database's: what app/fast sends.

The statements are those of `service.save_one` and of what follows from it (app/following.py), with the same
locks in the same order. It is no second set of rules: where anything is out of the ordinary it writes nothing
and gives no row, and `service.save_one` says why. Out of the ordinary is also whatever would flag a
participant, or take a flag away (outlook.py), and whatever a certificate rests on.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlmodel import SQLModel

from app.attendance.models import Attendance

# As Session.minutes has it.
SESSION_LASTS = """
CREATE FUNCTION session_lasts(starts_at timestamptz, ends_at timestamptz, contact_minutes int) RETURNS int
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN starts_at IS NULL THEN 0
    ELSE least(contact_minutes, floor(extract(epoch FROM ends_at - starts_at) / 60)::int) END
$$
"""
RECORD_ATTENDANCE = """
CREATE FUNCTION record_attendance(
  caller text, giver text, at timestamptz, meeting uuid, participant uuid,
  said_presence text, said_minutes int, came_from text
) RETURNS SETOF attendance LANGUAGE plpgsql AS $$
DECLARE
  held record;
  whose record;
  stood attendance;
  stands attendance;
  total record;
BEGIN
  IF NOT EXISTS (SELECT FROM client c WHERE c.id = caller AND c.ended_at IS NULL) THEN RETURN; END IF;
  SELECT s.mode, session_lasts(s.starts_at, s.ends_at, s.contact_minutes) AS lasts INTO held FROM session s
   WHERE s.id = meeting AND s.cancelled_at IS NULL AND s.starts_at <= at FOR SHARE;
  IF NOT FOUND THEN RETURN; END IF;
  SELECT r.edition, r.partner, r.applicant INTO whose FROM registration r
   WHERE r.id = participant AND r.status = 'confirmed' AND r.edition IN (
     SELECT e.edition FROM session_edition e JOIN edition_provider p ON p.edition = e.edition
      WHERE e.session = meeting AND p.organisation = giver) FOR NO KEY UPDATE;
  IF NOT FOUND OR EXISTS (
    SELECT FROM applicant a WHERE a.id = whose.applicant AND a.erased_at IS NOT NULL) THEN RETURN; END IF;
  SELECT * INTO stood FROM attendance a WHERE a.session = meeting AND a.registration = participant FOR UPDATE;

  -- As presence.py understands what was said, of presence and minutes alone.
  stands.session := meeting;
  stands.registration := participant;
  stands.presence := coalesce(said_presence, CASE WHEN said_minutes > 0 THEN 'present' ELSE 'absent' END);
  stands.minutes := CASE WHEN stands.presence = 'present' THEN coalesce(said_minutes, held.lasts) ELSE 0 END;
  IF stands.minutes > held.lasts OR said_minutes > stands.minutes THEN RETURN; END IF;
  IF stands.presence = 'present' THEN
    stands.channel := coalesce(stood.channel,
      CASE held.mode WHEN 'online' THEN 'online' ELSE 'in-person' END);
    IF stood.presence = 'present' AND stood.minutes = stands.minutes THEN
      stands.late_minutes := stood.late_minutes;
      stands.early_minutes := stood.early_minutes;
    END IF;
  END IF;
  IF stood.version IS NOT NULL
    AND (stood.presence, stood.minutes, stood.late_minutes, stood.early_minutes, stood.channel)
      IS NOT DISTINCT FROM
      (stands.presence, stands.minutes, stands.late_minutes, stands.early_minutes, stands.channel) THEN
    RETURN NEXT stood;
    RETURN;
  END IF;

  -- The forecast with this in it, as hours.py makes it, against the flag that stands.
  SELECT coalesce(sum(one.attended), 0) AS attended, coalesce(sum(one.possible), 0) AS possible,
         count(*) FILTER (WHERE one.expected IS NULL) AS unknown INTO total
    FROM (SELECT s.expected, s.attended, CASE
            WHEN s.expected IS NULL OR at >= s.ends_at
              + CASE WHEN s.attended IS NULL THEN interval '7 days' ELSE interval '0' END THEN 0
            ELSE greatest(s.expected - coalesce(s.attended, 0), 0) END AS possible
      FROM (SELECT s.ends_at,
          CASE WHEN s.starts_at IS NULL THEN s.contact_minutes
            ELSE session_lasts(s.starts_at, s.ends_at, s.contact_minutes) END AS expected,
          CASE WHEN s.id = meeting OR a.minutes IS NOT NULL THEN least(
            CASE WHEN s.id = meeting THEN stands.minutes ELSE a.minutes END,
            session_lasts(s.starts_at, s.ends_at, s.contact_minutes)) END AS attended
          FROM session s LEFT JOIN attendance a ON a.session = s.id AND a.registration = participant
         WHERE s.cancelled_at IS NULL AND s.id IN (
           SELECT e.session FROM session_edition e WHERE e.edition = whose.edition
           UNION SELECT b.session FROM attendance b WHERE b.registration = participant
           UNION SELECT meeting)) s) one;
  IF (SELECT NOT (total.unknown > 0 OR total.possible >= needed.minutes) AND needed.minutes > 0
        FROM (SELECT coalesce(e.minimum_contact_minutes, t.minimum_contact_minutes) - total.attended - (
                SELECT coalesce(sum(m.minutes), 0) FROM make_up m
                 WHERE m.registration = participant AND m.revoked_at IS NULL) AS minutes
              FROM edition e JOIN training t ON t.slug = e.training WHERE e.slug = whose.edition) needed)
    <> EXISTS (SELECT FROM out_of_reach o WHERE o.registration = participant)
    OR EXISTS (SELECT FROM certificate c WHERE c.registration = participant AND c.status = 'valid') THEN
    RETURN;
  END IF;

  stands.version := coalesce(stood.version, 0) + 1;
  stands.recorded_by := caller;
  stands.recorded_at := at;
  IF stood.version IS NULL THEN
    INSERT INTO attendance SELECT stands.*;
  ELSE
    UPDATE attendance a SET presence = stands.presence, minutes = stands.minutes,
        late_minutes = stands.late_minutes, early_minutes = stands.early_minutes, channel = stands.channel,
        version = stands.version,
        recorded_by = stands.recorded_by, recorded_at = stands.recorded_at
     WHERE a.session = meeting AND a.registration = participant;
  END IF;
  INSERT INTO attendance_version (session, registration, presence, minutes, late_minutes, early_minutes,
      channel, version, recorded_by, recorded_at)
    VALUES (meeting, participant, stands.presence, stands.minutes, stands.late_minutes, stands.early_minutes,
      stands.channel, stands.version, caller, at);
  INSERT INTO event (type, subject, edition, partner, actor, at, data, origin)
    VALUES (CASE WHEN stood.version IS NULL THEN 'attendance.recorded' ELSE 'attendance.corrected' END,
      participant::text, whose.edition, whose.partner, caller, record_attendance.at,
      jsonb_build_object('session', meeting, 'reason', NULL, 'certified', false,
        'before', CASE WHEN stood.version IS NOT NULL THEN attendance_told(stood, held.mode) END,
        'after', attendance_told(stands, held.mode)), came_from);
  RETURN NEXT stands;
END
$$
"""
# What an event says of it (records.py): beside presence and minutes, what is out of the ordinary.
ATTENDANCE_TOLD = """
CREATE FUNCTION attendance_told(one attendance, mode text) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT jsonb_strip_nulls(jsonb_build_object('minutes', one.minutes, 'presence', one.presence,
    'lateMinutes', one.late_minutes, 'earlyMinutes', one.early_minutes,
    'channel', nullif(one.channel, CASE mode WHEN 'online' THEN 'online' ELSE 'in-person' END)))
$$
"""


# Tables that are made from the models, as in tests, need the functions too; a migration makes its own.
@event.listens_for(SQLModel.metadata.tables[str(Attendance.__tablename__)], "after_create")
def _add_functions(_: sa.Table, connection: sa.Connection, **_options: Any) -> None:
    for statement in (SESSION_LASTS, ATTENDANCE_TOLD, RECORD_ATTENDANCE):
        connection.execute(sa.text(statement))
