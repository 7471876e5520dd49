"""The holder of a certificate, with the personal link: everything can be downloaded, by nobody else."""

from tests.world import World


def _link(world: World, registration: str) -> str:
    links = world.fleck.get(f"/v1/registrations/{registration}/personal-links").json()
    address: str = links["holder"]
    return address


def test_a_holder_finds_every_form_of_the_certificate(world: World) -> None:
    certificate = world.certified()
    found = world.http.get(_link(world, certificate["registration"])).json()
    (held,) = found["certificates"]
    assert (found["holderName"], held["number"]) == ("Noor van der Meer", certificate["number"])
    path = f"/v1/certificates/{certificate['number']}"
    pdf = world.http.get(held["pdfUrl"])
    assert pdf.content == world.lkca.get(f"{path}/pdf").content
    assert pdf.headers["content-disposition"] == f'attachment; filename="{certificate["number"]}.pdf"'
    assert world.http.get(held["credentialUrl"]).text == world.lkca.get(f"{path}/credential").text
    token = world.http.get(held["tokenUrl"])
    assert token.text == world.lkca.get(f"{path}/credential", headers={"Accept": "application/jwt"}).text
    assert world.http.get(held["verificationUrl"]).json()["status"] == "valid"


def test_the_page_is_in_the_reader_s_language(world: World) -> None:
    link = _link(world, world.certified()["registration"])
    dutch = world.http.get(link, headers={"Accept": "text/html"})
    english = world.http.get(link, headers={"Accept": "text/html", "Accept-Language": "en"})
    assert "Certificaat als PDF" in dutch.text
    assert "Certificate as PDF" in english.text
    assert dutch.headers["cache-control"] == "no-store"


def test_an_old_and_a_new_certificate_stand_side_by_side(world: World) -> None:
    old = world.certified()
    new = world.lkca.post(f"/v1/certificates/{old['number']}/_reissue", {"reason": "Andere naam"}).json()
    held = world.http.get(_link(world, old["registration"])).json()["certificates"]
    assert [(one["number"], one["status"]) for one in held] == [
        (new["number"], "valid"),
        (old["number"], "superseded"),
    ]


def test_each_certificate_is_under_its_own_name(world: World) -> None:
    old = world.certified()
    applicant = world.fleck.get(f"/v1/registrations/{old['registration']}").json()["applicant"]["id"]
    assert world.fleck.patch(f"/v1/applicants/{applicant}", {"familyName": "Zee"}).is_success
    assert world.lkca.post(f"/v1/certificates/{old['number']}/_reissue", {"reason": "Andere naam"}).is_success
    link = _link(world, old["registration"])
    found = world.http.get(link).json()
    names = ["Noor van der Zee", "Noor van der Meer"]
    assert [one["holderName"] for one in found["certificates"]] == names
    page = world.http.get(link, headers={"Accept": "text/html"}).text
    assert [page.count(f"<dd>{name}</dd>") for name in names] == [1, 1]


def test_there_is_nothing_before_there_is_a_certificate(world: World) -> None:
    assert world.http.get(_link(world, world.participant()["id"])).status_code == 404


def test_a_link_opens_nothing_of_somebody_else(world: World) -> None:
    certificate = world.certified()
    link = _link(world, certificate["registration"])
    for number in ("CCVO-2022-000002", "CCVO-2021-000001"):
        assert world.http.get(f"{link}/certificates/{number}/pdf").status_code == 404
    links = world.fleck.get(f"/v1/registrations/{certificate['registration']}/personal-links").json()
    for other in (links["page"], links["calendar"], links["holder"][:-1] + "A"):
        token = other.rpartition("/")[2]
        if token != links["holder"].rpartition("/")[2]:
            assert world.http.get(f"/v1/holder-pages/{token}").status_code == 404


def test_a_renewed_link_ends_the_old_one(world: World) -> None:
    registration = world.certified()["registration"]
    link = _link(world, registration)
    assert world.fleck.post(f"/v1/registrations/{registration}/personal-links/_renew").is_success
    assert world.http.get(link).status_code == 404
    assert world.http.get(_link(world, registration)).status_code == 200
