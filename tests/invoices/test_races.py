"""What must hold when invoices are issued, paid and credited at the same moment."""

from collections import Counter
from functools import partial

import pytest

from app.invoices import service
from tests.invoices.test_invoices import REASON
from tests.world import JSON, PILOT, World


@pytest.fixture
def people(world: World) -> list[JSON]:
    """Participants whom Mocca invoices."""
    made = world.participants(8)
    world.invoices_by("mocca")
    return made


def _numbers(world: World) -> list[str]:
    items = world.admin.get("/v1/invoices?limit=100").json()["items"]
    return [one["number"] for one in items]


def _gapless(count: int) -> list[str]:
    return [f"MOCCA-2021-{number:05d}" for number in range(1, count + 1)]


def test_one_participant_invoiced_many_times_at_once_has_one_invoice(
    world: World, people: list[JSON]
) -> None:
    body = {"registration": people[0]["id"]}
    answers = world.http.together([partial(world.provider.post, "/v1/invoices", body) for _ in range(8)])
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert _numbers(world) == _gapless(1)


def test_a_whole_edition_and_its_participants_at_once_have_one_invoice_each(
    world: World, people: list[JSON]
) -> None:
    bulk = partial(world.provider.post, f"/v1/editions/{PILOT}/invoices")
    singly = [partial(world.provider.post, "/v1/invoices", {"registration": one["id"]}) for one in people[:5]]
    answers = world.http.together([*singly, bulk, bulk, bulk])
    assert {answer.status_code for answer in answers} <= {200, 201, 409}
    assert {answer.status_code for answer in answers[5:]} == {200}
    assert _numbers(world) == _gapless(8)
    live = Counter(one["registration"] for one in world.admin.get("/v1/invoices").json()["items"])
    assert live == {one["id"]: 1 for one in people}


def test_what_is_refused_or_rolled_back_leaves_no_gap(world: World, people: list[JSON]) -> None:
    """Numbers taken by who is refused at the last moment are given to the next."""
    requests = [
        partial(world.provider.post, "/v1/invoices", {"registration": one["id"]})
        for one in (*people, *people, *people)
    ]
    answers = world.http.together(requests)
    assert Counter(answer.status_code for answer in answers) == {201: 8, 409: 16}
    notes = [partial(world.provider.post, f"/v1/invoices/{n}/_credit", REASON) for n in _gapless(8) * 2]
    answers = world.http.together(notes)
    assert Counter(answer.status_code for answer in answers) == {201: 8, 409: 8}
    assert _numbers(world) == _gapless(16)


def test_what_fails_after_its_number_was_taken_gives_it_back(
    world: World, people: list[JSON], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the disk is full")

    world.invoice(people[0]["id"])
    with monkeypatch.context() as broken:
        broken.setattr(service, "record", fail)
        for path, body in (
            ("/v1/invoices", {"registration": people[1]["id"]}),
            ("/v1/invoices/MOCCA-2021-00001/_credit", REASON),
            (f"/v1/editions/{PILOT}/invoices", None),
        ):
            assert world.provider.post(path, body).status_code == 500
    assert _numbers(world) == _gapless(1)
    assert world.provider.post(f"/v1/editions/{PILOT}/invoices").json()["issued"] == _gapless(8)[1:]


def test_an_invoice_paid_many_times_at_once_is_paid_once(world: World, people: list[JSON]) -> None:
    number = world.invoice(people[0]["id"])["number"]
    body = {"paidOn": "2021-07-01"}
    requests = [partial(world.provider.post, f"/v1/invoices/{number}/_pay", body) for _ in range(6)]
    answers = world.http.together(requests)
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 5
    read = world.admin.get(f"/v1/invoices/{number}").json()
    assert (read["paidCents"], len(read["payments"])) == (75_000, 1)


def test_paid_and_credited_at_once_what_was_paid_is_to_be_given_back(
    world: World, people: list[JSON]
) -> None:
    for one in people[:4]:
        number = world.invoice(one["id"])["number"]
        pay = partial(world.provider.post, f"/v1/invoices/{number}/_pay", {"paidOn": "2021-07-01"})
        credit = partial(world.provider.post, f"/v1/invoices/{number}/_credit", REASON)
        paid, credited = world.http.together([pay, credit])
        assert credited.status_code == 201
        assert paid.status_code in (200, 409)
        assert credited.json()["openCents"] == (75_000 if paid.status_code == 200 else 0)


def test_credited_and_invoiced_anew_at_once_there_is_one_that_counts(
    world: World, people: list[JSON]
) -> None:
    number = world.invoice(people[0]["id"])["number"]
    credit = partial(world.provider.post, f"/v1/invoices/{number}/_credit", REASON)
    anew = partial(world.provider.post, "/v1/invoices", {"registration": people[0]["id"]})
    answers = world.http.together([credit, anew, anew, anew])
    assert answers[0].status_code == 201
    statuses = Counter(answer.status_code for answer in answers[1:])
    assert statuses[201] <= 1
    items = world.admin.get("/v1/invoices").json()["items"]
    assert len([one for one in items if one["kind"] == "invoice" and not one["creditedBy"]]) == statuses[201]
    assert _numbers(world) == _gapless(2 + statuses[201])
