"""The full year of one person, told in words that stand nowhere else, so that each can be looked for."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from app.privacy import searching
from app.privacy.erasing import Means
from app.privacy.searching import Found
from tests.conftest import sql
from tests.imports.files import imported
from tests.notifications.post_office import Postman, PostOffice
from tests.samples import PDF
from tests.webhooks.receivers import Answer, Deliverer, Received, Receiver, subscribe
from tests.world import ADDRESS, JSON, PILOT, Party, World, form

NEXT = "noord-midden-2022"
# What is kept of a certificate and of an invoice is made of these; of all others nothing may be left.
NAMES = ("Qwirelia", "Zandoogvlinder")
SCHOOL = "Xystuslyceum"
BUYER = "Factuurscholekster"
KEPT = (*NAMES, SCHOOL, BUYER, "Betaalnotarozenspreeuw")
EMAIL, PHONE = "qwirelia@zandoog.example", "+31687650321"
WORDS = (
    *KEPT,
    EMAIL,
    PHONE,
    "Positiekwikstaart",
    "Motivatiezwaluw",
    "Leervraagkievit",
    "Werkplevier",
    "Dieetgrutto",
    "Drempelkluut",
    "Adreslepelaar",
    "Correctietureluur",
    "Inhaaltitelputter",
    "Inhaalredensijs",
    "Intrekredenmees",
    "Bewijskneu",
    "Terugkoppelgors",
    "Inleverfitis",
    "Productroerdomp",
    "Bestandsnaamwulp",
    "Inhoudkluut",
    "Afwijsredenspecht",
    "Dubbelredenkoekoek",
    "Linkredenboomvalk",
    "Verteldredenijsvogel",
    "Herzieningsredenuil",
    "Ontvangerzegtraaf",
    "Rijredenwielewaal",
)
APPLICANT = {
    "givenName": NAMES[0],
    "familyNamePrefix": None,
    "familyName": NAMES[1],
    "email": EMAIL,
    "phone": PHONE,
}
SAID = {
    "applicant": APPLICANT,
    "school": {"name": SCHOOL, "city": "Almere"},
    "position": "Positiekwikstaart",
    "motivation": "Motivatiezwaluw",
}
FORM = form(
    learningQuestion="Leervraagkievit",
    workSituation="Werkplevier",
    wishes={"dietary": "Dieetgrutto", "accessibility": "Drempelkluut"},
    invoiceAddress={**form()["invoiceAddress"], "name": BUYER},
)


@dataclass
class Life:
    """What the register knows of the person: ids, by which to ask for more."""

    applicant: str
    registration: str
    certificate: str
    code: str
    invoice: str
    others: dict[str, str] = field(default_factory=dict)  # applicants of other registrations, by partner


def lived(world: World) -> Life:
    """A year in which everything happened to one person, with mails sent and webhooks told."""
    fleck = world.fleck
    with PostOffice() as office, Receiver(_answered) as receiver:
        subscribe(fleck, receiver)
        first = _registered(world)
        _refused_rows(world)
        _left_again(world)
        world.draw()
        assert fleck.post(f"/v1/registrations/{first['id']}/_confirm").status_code == 200
        _told(world, first["id"])
        invoice = _invoiced(world, first["id"])
        world.schedule_national()
        world.attend(first["id"], 8)
        _took_part(world, first["id"])
        Postman(world, office.port).round()
        Deliverer(world).round()
        certificate = _certified(world, first["id"])
        Deliverer(world).round()
        Postman(world, office.port).round()
        assert any(EMAIL in str(one["to"]) for one in office.received)
    code = certificate["verificationUrl"].rpartition("/")[2]
    applicant = first["applicant"]["id"]
    return Life(applicant, first["id"], certificate["number"], code, invoice)


def _answered(one: Received) -> Answer:
    """A receiver that, where it is told of a registration, says who that is."""
    about = json.loads(one.content)["data"]["registration"]
    return Answer(200, content=b"Ontvangerzegtraaf" if about else b"")


def _registered(world: World) -> JSON:
    made = world.fleck.post(
        "/v1/registrations", {"edition": PILOT, **SAID}, headers={"Idempotency-Key": "lelie"}
    )
    assert made.status_code == 201, made.text
    first: JSON = made.json()
    answer = world.http.put(f"/v1/enrolment-forms/{first['enrolmentForm']['token']}", json=FORM)
    assert answer.status_code == 200, answer.text
    return first


def _refused_rows(world: World) -> None:
    """A file with the person, who is there, and with a row that is wrong."""
    head = "editie;voornaam;tussenvoegsel;achternaam;e-mail;telefoon;school;plaats;functie;motivatie"
    good = f"{PILOT};{NAMES[0]};;{NAMES[1]};{EMAIL};{PHONE};{SCHOOL};Almere;Positiekwikstaart;Motivatiezwaluw"
    bad = f"{PILOT};{NAMES[0]};;;{EMAIL};;{SCHOOL};Almere;;Rijredenwielewaal"
    imported(world.fleck, world, "\n".join([head, good, bad, ""]).encode())


def _left_again(world: World) -> None:
    """Others whose reasons speak of the person, and a namesake who was judged to be the same."""
    twin = world.complete(
        world.fleck,
        applicant={**APPLICANT, "email": "qwirelia.z@zandoog.example"},
        school=SAID["school"],
    )
    mine = world.fleck.get("/v1/registrations", params={"q": EMAIL}).json()["items"][0]["id"]
    decided = world.admin.post(
        f"/v1/editions/{PILOT}/possible-duplicates/_decide",
        {
            "registrations": [mine, twin["id"]],
            "verdict": "same-person",
            "keep": mine,
            "reason": "Dubbelredenkoekoek",
        },
    )
    assert decided.status_code == 200, decided.text
    renewed = world.fleck.post(
        f"/v1/registrations/{mine}/personal-links/_renew", {"reason": "Linkredenboomvalk"}
    )
    assert renewed.status_code == 200, renewed.text


def _told(world: World, registration: str) -> None:
    other = world.admin.get(f"/v1/editions/{PILOT}/untold-outcomes").json()["items"]
    for one in other:
        answer = world.admin.post(
            f"/v1/registrations/{one['registration']}/_told", {"reason": "Verteldredenijsvogel"}
        )
        assert answer.status_code == 200, answer.text
    assert all(one["registration"] != registration for one in other)


def _invoiced(world: World, registration: str) -> str:
    world.invoices_by("mocca")
    world.at("2021-09-20T10:00+02:00")
    number: str = world.invoice(registration)["number"]
    paid = world.provider.post(
        f"/v1/invoices/{number}/_pay", {"paidOn": "2021-09-20", "note": "Betaalnotarozenspreeuw"}
    )
    assert paid.status_code == 200, paid.text
    address = {**ADDRESS, "name": "Adreslepelaar"}
    answer = world.provider.put(f"/v1/registrations/{registration}/invoice-address", address)
    assert answer.status_code == 200, answer.text
    return number


def _took_part(world: World, registration: str) -> None:
    session = world.sessions()[0]["id"]
    for minutes in (100, 180):
        answer = world.provider.put(
            f"/v1/sessions/{session}/attendance/{registration}",
            {"minutes": minutes, "reason": "Correctietureluur"},
        )
        assert answer.status_code == 200, answer.text
    hours = {"kind": "assignment", "title": "Inhaaltitelputter", "minutes": 60, "reason": "Inhaalredensijs"}
    path = f"/v1/registrations/{registration}/make-up-hours"
    for _ in range(2):
        made = world.provider.post(path, {**hours, "doneOn": "2022-01-10"})
        assert made.status_code == 201, made.text
    revoked = world.provider.post(f"{path}/{made.json()['id']}/_revoke", {"reason": "Intrekredenmees"})
    assert revoked.status_code == 200, revoked.text
    page = world.page(registration)
    handed_in = world.http.put(f"{page}/progress/orientatie", json={"evidence": "Inleverfitis"})
    assert handed_in.status_code == 200, handed_in.text
    content = PDF.replace(b"%PDF-1.7\n", b"%PDF-1.7\n%Inhoudkluut\n")
    added = world.http.post(
        f"{page}/progress/orientatie/files", files={"file": ("Bestandsnaamwulp.pdf", content)}
    )
    assert added.status_code == 201, added.text
    world.pass_phases(registration)
    judged = {"verdict": "passed", "evidence": "Bewijskneu", "feedback": "Terugkoppelgors"}
    for phase in ("orientatie", "uitvoering"):
        product = {"title": "Productroerdomp", "kind": "policy-plan", "approved": True}
        more = {"product": product} if phase == "uitvoering" else {}
        answer = world.provider.put(f"/v1/registrations/{registration}/progress/{phase}", {**judged, **more})
        assert answer.status_code == 200, answer.text


def _certified(world: World, registration: str) -> JSON:
    """Issued, looked at again, and upheld; the answer kept for a repeat."""
    issued = world.lkca.post(
        "/v1/certificates", {"registration": registration}, headers={"Idempotency-Key": "roos"}
    )
    assert issued.status_code == 201, issued.text
    session = world.sessions()[0]["id"]
    path = f"/v1/sessions/{session}/attendance/{registration}"
    assert world.provider.put(path, {"minutes": 0, "reason": "Correctietureluur"}).status_code == 200
    (review,) = world.lkca.get("/v1/certificate-reviews").json()["items"]
    upheld = world.lkca.post(
        f"/v1/certificate-reviews/{review['id']}/_uphold", {"reason": "Herzieningsredenuil"}
    )
    assert upheld.status_code == 200, upheld.text
    certificate: JSON = issued.json()
    return certificate


def elsewhere(world: World, partner: Party) -> str:
    """The same person in a next edition, through another partner, rejected there; gives the applicant."""
    body = {
        "slug": NEXT,
        "training": "cultuurcoordinator-vo",
        "title": "Noord/Midden 2022-2023",
        "region": "Noord/Midden",
        "window": {"opensAt": "2022-01-01T00:00:00+01:00", "closesAt": "2022-07-05T00:00:00+02:00"},
        "capacity": 2,
    }
    answer = world.admin.post("/v1/editions", body)
    assert answer.status_code == 201, answer.text
    applicant = {**APPLICANT, "email": EMAIL.upper()}
    made = partner.post("/v1/registrations", {"edition": NEXT, **SAID, "applicant": applicant})
    assert made.status_code == 201, made.text
    path = f"/v1/registrations/{made.json()['id']}/_reject"
    assert partner.post(path, {"reason": "Afwijsredenspecht"}).status_code == 200
    id: str = made.json()["applicant"]["id"]
    return id


def found(world: World, *words: str) -> list[Found]:
    """Where words stand, by the register's own search."""
    state = world.app.state

    async def search() -> list[Found]:
        async with state.database.transaction() as db:
            answers = Means.of(state.settings).answers
            return await searching.search(db, state.storage, answers, words or WORDS)

    result: list[Found] = world.http.portal.call(search)
    return result


def places(found: list[Found]) -> set[str]:
    """The columns and files in which something was found, files as one."""
    return {re.sub(r"^file .*", "file", one.place) for one in found}


def rows_with(url: str, *words: str) -> set[str]:
    """The tables in which a word stands, by another way than the register's: each row as text."""
    query = (
        "SELECT table_name FROM information_schema.tables "
        "WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
    )
    tables = [row[0] for row in sql(url, query)]
    pattern = "|".join(re.escape(word) for word in words)
    return {
        table
        for table in tables
        if any(
            re.search(pattern, row[0], re.IGNORECASE)
            for row in sql(url, f'SELECT to_jsonb(t)::text FROM "{table}" t')
        )
    }


def stored(folder: Path, *words: str) -> list[Path]:
    """The files in storage in which a word stands."""
    return [
        path
        for path in folder.rglob("*")
        if path.is_file()
        and any(word.lower() in path.read_bytes().decode(errors="replace").lower() for word in words)
    ]
