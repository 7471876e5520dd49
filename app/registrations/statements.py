"""Taking one registration in as one call of the database's: what app/fast sends.

The statements are those of `service.register`, one after the other and as whom the caller acts, so that
row-level security judges each. It is no second set of rules: where anything is out of the ordinary it writes
nothing and gives false, or fails and so writes nothing, and `service.register` says why.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlmodel import SQLModel

from app.registrations.models import Registration

TAKE_IN = """
CREATE FUNCTION take_in(
  caller text, through text, slug text, at timestamptz, form_due_at timestamptz,
  person uuid, given text, prefix text, family text, mail text, telephone text, tongue text, searched text,
  made uuid, person_key text, sorted text, school text, city text, post text, why text, form_digest bytea,
  key bytea, print bytea, answer bytea, answer_until timestamptz, came_from text
) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM client c WHERE c.id = caller AND c.ended_at IS NULL)
    OR NOT EXISTS (SELECT FROM organisation o WHERE o.slug = through AND 'partner' = ANY (o.roles))
    OR NOT EXISTS (SELECT FROM edition e WHERE e.slug = take_in.slug AND e.opens_at <= at AND at < e.closes_at
                   AND e.forms_due_at IS NOT DISTINCT FROM form_due_at) THEN
    RETURN false;
  END IF;
  IF key IS NOT NULL THEN
    INSERT INTO idempotent_answer (id, fingerprint, sealed, kept_until)
      VALUES (key, print, answer, answer_until);
  END IF;
  INSERT INTO applicant (id, partner, given_name, family_name_prefix, family_name, email, phone, language,
      search_text)
    VALUES (person, through, given, prefix, family, mail, telephone, tongue, searched);
  INSERT INTO registration (id, edition, partner, applicant, email_key, name_key, school_name, school_city,
      position, motivation, status, received_at)
    VALUES (made, slug, through, person, person_key, sorted, school, city, post, why, 'received', at);
  -- A form without answers has JSON's null there, as the models write it.
  INSERT INTO enrolment_form (registration, token_digest, answers) VALUES (made, form_digest, 'null');
  INSERT INTO event (type, subject, edition, partner, actor, at, data, origin)
    VALUES ('registration.received', made::text, slug, through, caller, take_in.at, '{}', came_from);
  RETURN true;
END
$$
"""


# Tables that are made from the models, as in tests, need the function too; a migration makes its own.
@event.listens_for(SQLModel.metadata.tables[str(Registration.__tablename__)], "after_create")
def _add_function(_: sa.Table, connection: sa.Connection, **_options: Any) -> None:
    connection.execute(sa.text(TAKE_IN))
