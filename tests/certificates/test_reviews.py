"""What a certificate rests on is corrected: it stays valid, and the certifier decides."""

from functools import partial
from typing import Any

from tests.world import World

JSON = dict[str, Any]


def _correct(world: World, certificate: JSON, number: int, minutes: int) -> None:
    session = world.sessions()[number]["id"]
    path = f"/v1/sessions/{session}/attendance/{certificate['registration']}"
    assert world.provider.put(path, {"minutes": minutes, "reason": "Vergissing"}).status_code == 200


def _reviews(world: World, **query: str) -> list[JSON]:
    items: list[JSON] = world.lkca.get("/v1/certificate-reviews", params=query).json()["items"]
    return items


def _status(world: World, certificate: JSON) -> str:
    status: str = world.http.get(certificate["verificationUrl"]).json()["status"]
    return status


def test_a_correction_opens_one_review_and_the_certificate_stays_valid(world: World) -> None:
    certificate = world.certified()
    assert _reviews(world) == []
    _correct(world, certificate, 0, 90)
    _correct(world, certificate, 1, 0)
    (review,) = _reviews(world, status="open")
    assert review["certificate"] == certificate["number"]
    assert review["found"] == {"contactMinutes": 1440 - 90 - 180, "unmet": ["contact-hours"]}
    assert (review["verdict"], review["decidedAt"]) == (None, None)
    assert _status(world, certificate) == "valid"
    assert world.lkca.get(f"/v1/certificates/{certificate['number']}").json()["contactMinutes"] == 1440
    (event,) = world.events("certificate.review-opened")
    assert event["subject"] == certificate["number"]


def test_what_is_put_right_again_closes_the_review(world: World) -> None:
    certificate = world.certified()
    _correct(world, certificate, 0, 0)
    _correct(world, certificate, 0, 180)
    (review,) = _reviews(world)
    assert (review["verdict"], review["decidedBy"]) == ("restored", "system")
    assert _reviews(world, status="open") == []


def test_the_certifier_lets_it_stand_and_hears_of_a_further_correction(world: World) -> None:
    certificate = world.certified()
    _correct(world, certificate, 0, 170)
    (review,) = _reviews(world)
    path = f"/v1/certificate-reviews/{review['id']}"
    upheld = world.lkca.post(f"{path}/_uphold", {"reason": "Ruim boven de 20 uur"}).json()
    assert (upheld["verdict"], upheld["reason"]) == ("upheld", "Ruim boven de 20 uur")
    again = world.lkca.post(f"{path}/_uphold", {"reason": "Nog eens"})
    assert (again.status_code, again.json()["type"].rpartition(":")[2]) == (409, "review-decided")
    assert world.lkca.get(path).json() == upheld
    _correct(world, certificate, 1, 0)
    assert [one["verdict"] for one in _reviews(world)] == ["upheld", None]
    assert _status(world, certificate) == "valid"


def test_a_revocation_ends_the_review(world: World) -> None:
    certificate = world.certified()
    _correct(world, certificate, 0, 0)
    answer = world.lkca.post(
        f"/v1/certificates/{certificate['number']}/_revoke", {"reason": "Te weinig uren"}
    )
    assert answer.status_code == 200
    (review,) = _reviews(world)
    assert review["verdict"] == "ended"


def test_a_certificate_that_is_issued_anew_is_reviewed_in_its_turn(world: World) -> None:
    certificate = world.certified()
    _correct(world, certificate, 0, 0)
    answer = world.lkca.post(f"/v1/certificates/{certificate['number']}/_reissue", {"reason": "Andere naam"})
    new = answer.json()["number"]
    assert [(one["certificate"], one["verdict"]) for one in _reviews(world)] == [
        (certificate["number"], "ended"),
        (new, None),
    ]


def test_a_phase_that_is_failed_afterwards_opens_one_too(world: World) -> None:
    certificate = world.certified()
    path = f"/v1/registrations/{certificate['registration']}/progress/evaluatie"
    assert world.provider.put(path, {"verdict": "failed"}).status_code == 200
    (review,) = _reviews(world)
    assert review["found"]["unmet"] == ["phases"]


def test_a_session_that_is_cancelled_afterwards_concerns_who_was_there(world: World) -> None:
    certificate = world.certified()
    session = world.sessions()[2]["id"]
    assert (
        world.provider.post(f"/v1/sessions/{session}/_cancel", {"reason": "Nooit gehouden"}).status_code
        == 200
    )
    (review,) = _reviews(world)
    assert (review["certificate"], review["found"]["contactMinutes"]) == (certificate["number"], 1260)


def test_corrections_at_once_open_one_review(world: World) -> None:
    certificate = world.certified()
    world.http.together([partial(_correct, world, certificate, n, 0) for n in range(5)])
    (review,) = _reviews(world)
    assert review["found"]["contactMinutes"] == 1440 - 5 * 180


def test_before_a_certificate_nothing_is_reviewed(world: World) -> None:
    made = world.participant()
    world.attend(made["id"], 2)
    _correct(world, {"registration": made["id"]}, 0, 90)
    assert _reviews(world) == []
    assert world.lkca.get("/v1/certificate-reviews/01890000-0000-7000-8000-000000000000").status_code == 404
