"""An edition's certificates as a table for a spreadsheet."""

from app.certificates.table import HEADER
from app.core import sheets
from tests.world import PILOT, Party, World

PATH = f"/v1/editions/{PILOT}/certificates.csv"


def _rows(party: Party) -> list[dict[str, str]]:
    answer = party.get(PATH)
    assert answer.status_code == 200, answer.text
    header, *rows = sheets.read(answer.content)
    assert header == list(HEADER)
    return [dict(zip(header, row, strict=True)) for row in rows]


def test_it_tells_of_every_certificate_what_the_certifier_has_to_know(world: World) -> None:
    assert _rows(world.lkca) == []
    old = world.certified(applicant={"familyName": "=1+1"})
    path = f"/v1/certificates/{old['number']}"
    new = world.lkca.post(f"{path}/_reissue", {"reason": "Andere naam"}).json()
    world.lkca.post(f"/v1/certificates/{new['number']}/_revoke", {"reason": "Proef; met punt"})
    first, second = _rows(world.lkca)
    assert first == {
        "nummer": "CCVO-2022-000001",
        "status": "vervangen",
        "naam": "Noor van der =1+1",
        "opleiding": "Cultuurcoördinator Voortgezet Onderwijs",
        "editie": first["editie"],
        "contacturen": "24,00",
        "studielast": "40",
        "beroepsproduct": "Cultuurbeleidsplan",
        "uitgegeven op": "2022-04-20",
        "uitgegeven door": "LKCA",
        "ingetrokken op": "",
        "reden": "",
        "vervangt": "",
        "vervangen op": "2022-04-20",
        "partner": "fleck",
        "controle": old["verificationUrl"],
        "aanmelding": old["registration"],
    }
    assert (second["status"], second["reden"], second["vervangt"], second["ingetrokken op"]) == (
        "ingetrokken",
        "Proef; met punt",
        old["number"],
        "2022-04-20",
    )


def test_a_partner_sees_its_own_and_an_unknown_edition_is_not_found(world: World) -> None:
    world.certified()
    assert (len(_rows(world.fleck)), _rows(world.mocca)) == (1, [])
    assert world.lkca.get("/v1/editions/nergens/certificates.csv").status_code == 404
    name = world.lkca.get(PATH).headers["content-disposition"]
    assert name == f'attachment; filename="certificaten-{PILOT}.csv"'
