"""The links of a participant: one for each purpose, renewed when one got into other hands."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.registrations.links import Links, Purpose, registration_in
from tests.world import World

LINKS = Links("https://register.example", b"a key of the tests' own")
IDS = st.uuids()


@given(IDS, IDS, st.sampled_from(Purpose), st.sampled_from(Purpose), st.integers(0, 9), st.integers(0, 9))
def test_a_token_is_for_one_registration_one_purpose_and_one_generation(
    mine: UUID, other: UUID, purpose: Purpose, another: Purpose, now: int, then: int
) -> None:
    token = LINKS.personal_token(purpose, mine, now)
    assert registration_in(token) == mine
    same = (mine, purpose, now) == (other, another, then)
    assert LINKS.is_genuine(token, another, other, then) is same


@given(st.text())
def test_what_is_no_token_speaks_of_no_registration(text: str) -> None:
    assert registration_in(text) is None or len(text) == 43


def test_another_key_makes_other_tokens() -> None:
    token = LINKS.personal_token(Purpose.PAGE, UUID(int=1), 0)
    assert not Links("https://register.example", b"another").is_genuine(token, Purpose.PAGE, UUID(int=1), 0)


def test_a_partner_hands_out_the_links_of_its_own_alone(world: World) -> None:
    path = f"/v1/registrations/{world.register()['id']}/personal-links"
    links = world.fleck.get(path).json()
    assert links["page"].startswith("https://register.example/v1/personal-pages/")
    assert links["calendar"].startswith("https://register.example/v1/personal-calendars/")
    assert links["page"].rpartition("/")[2] != links["calendar"].rpartition("/")[2]
    assert world.fleck.get(path).json() == links
    assert world.admin.get(path).json() == links
    for method in ("GET", "POST"):
        suffix = "/_renew" if method == "POST" else ""
        assert world.mocca.request(method, f"{path}{suffix}").status_code == 404


def test_renewed_links_are_others_and_leave_an_event(world: World) -> None:
    made = world.register()
    path = f"/v1/registrations/{made['id']}/personal-links"
    before = world.fleck.get(path).json()
    renewed = world.fleck.post(f"{path}/_renew", {"reason": "Doorgestuurd naar een ander"})
    assert renewed.status_code == 200
    assert renewed.json() == world.fleck.get(path).json()
    assert not set(renewed.json().values()) & set(before.values())
    event = world.events("registration.links-renewed")[0]
    assert (event["subject"], event["data"]) == (made["id"], {"reason": "Doorgestuurd naar een ander"})


@pytest.mark.parametrize("purpose", Purpose)
def test_tokens_are_as_long_as_they_are_looked_for(purpose: Purpose) -> None:
    assert len(LINKS.personal_token(purpose, UUID(int=0), 0)) == 43
