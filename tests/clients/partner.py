"""A partner's system in Python: three teachers, from the token to the returned form."""

import os
from typing import TypeVar

from register_client import AuthenticatedClient, Client
from register_client.api.enrolment_forms import get_enrolment_form, submit_enrolment_form
from register_client.api.registrations import (
    change_registration,
    create_registration,
    get_registration,
    list_registrations,
)
from register_client.api.tokens import create_token
from register_client.models import (
    ApplicantCreate,
    EnrolmentFormSubmit,
    Problem,
    Registration,
    RegistrationChange,
    RegistrationCreate,
    SchoolBody,
    TokenRequest,
)
from register_client.types import UNSET, Unset

Data = TypeVar("Data")
URL = f"{os.environ.get('API', 'http://127.0.0.1:8000')}/v1"


def held(answer: Data | Problem | None) -> Data:
    """What the answer holds; any problem that was not reckoned with ends the program."""
    if isinstance(answer, Problem):
        raise SystemExit(f"{answer.title}: {answer.detail}")
    assert answer is not None
    return answer


anybody = Client(base_url=URL)
credentials = TokenRequest(
    "client_credentials", client_id=os.environ["ID"], client_secret=os.environ["SECRET"]
)
token = held(create_token.sync(client=anybody, body=credentials))
api = AuthenticatedClient(base_url=URL, token=token.access_token)


def register(family_name: str, email: str) -> Registration | None:
    """Register somebody. A refusal has a type too: `errors` names every fault at once."""
    body = RegistrationCreate(
        edition="noord-midden-2021",
        applicant=ApplicantCreate(family_name=family_name, email=email),
        school=SchoolBody(name="De Passer", city="Zeewolde"),
    )
    answer = create_registration.sync(client=api, body=body)
    if isinstance(answer, Problem) and answer.errors:
        print(family_name, "is refused:", answer.title, [fault.pointer for fault in answer.errors])
        return None
    return held(answer)


made = register("Sukarno", "sukarno@passer.example")
register("Ait Ali", "aitali@passer.example")
register("’t Hart", "maarten")
assert made
print(made.applicant.family_name, "is", made.status)

# Read it back, and change what has not changed since: If-Match.
etag = get_registration.sync_detailed(made.id, client=api).headers["ETag"]
for position in ("teamleider", "directeur"):
    change = RegistrationChange(position=position)
    changed = change_registration.sync(made.id, client=api, body=change, if_match=etag)
    print("position:", changed.title if isinstance(changed, Problem) else held(changed).position)

# The teacher returns the form; whoever has the link's token needs no other.
assert made.enrolment_form
assert made.enrolment_form.token
link = made.enrolment_form.token
form = held(get_enrolment_form.sync(link, client=anybody))
print(form.applicant_name, "returns the form for", form.edition_title)
answers = EnrolmentFormSubmit(
    learning_question="Hoe maak ik een doorlopende leerlijn?",
    work_situation="Docent beeldend, 0,8 fte.",
    consent=True,
)
held(submit_enrolment_form.sync(link, client=anybody, body=answers))

# List, page by page.
cursor: str | Unset = UNSET
while True:
    page = held(list_registrations.sync(client=api, q="passer", sort="familyName", limit=1, cursor=cursor))
    for one in page.items:
        print(one.applicant.family_name, "is", one.status)
    if page.next_cursor is None:
        break
    cursor = page.next_cursor
