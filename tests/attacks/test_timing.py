"""Attempts to learn from how long an answer takes: what is there, and how much of a secret is right.

Two ways to ask are timed in turn, many times, so that whatever else the machine does touches both alike; a
difference counts when one is slower by more than LEEWAY and by more than the scatter of either explains. A
clock that cannot tell anything would let everything pass: the first test shows what it does tell.
"""

import statistics
import time
from collections.abc import Callable

import pytest

from tests.attacks.siege import Siege
from tests.attacks.test_others_things import OWNED
from tests.world import Party

Ask = Callable[[], object]
ROUNDS, AGAIN = 30, 3
# Over a network less than this is not seen, in milliseconds; a look-up more or less takes about as much.
LEEWAY = 2.0


def gap(one: Ask, other: Ask, rounds: int = ROUNDS) -> float:
    """By how many milliseconds the median of the one is above that of the other, beyond their scatter."""
    ones: list[float] = []
    others: list[float] = []
    for number in range(rounds):
        # Which goes first changes each time, so that neither profits of what the other has warmed up.
        for asked, kept in ((one, ones), (other, others)) if number % 2 else ((other, others), (one, ones)):
            began = time.perf_counter()
            asked()
            kept.append((time.perf_counter() - began) * 1000)
    scatter = max(map(_scatter, (ones, others)))
    return max(0.0, abs(statistics.median(ones) - statistics.median(others)) - 2 * scatter)


def _scatter(times: list[float]) -> float:
    """The usual error of a median: from the spread of its middle half (1.25 sigma / sqrt n)."""
    low, _, high = statistics.quantiles(times, n=4)
    usual: float = 1.25 * (high - low) / 1.35 / len(times) ** 0.5
    return usual


def tells_apart(one: Ask, other: Ask) -> bool:
    """Whether they differ, time after time: once may be the machine's doing."""
    return all(gap(one, other) > LEEWAY for _ in range(AGAIN))


def test_a_difference_of_some_milliseconds_would_be_seen(siege: Siege) -> None:
    """The control: the same request, after a pause; and the same request, which is no difference."""
    world = siege.world

    def plain() -> None:
        world.http.get("/health/live")

    def slower() -> None:
        time.sleep(0.03)
        plain()

    assert tells_apart(slower, plain)
    assert not tells_apart(plain, plain)


THINGS = {
    "a registration": ("registrationId", "/v1/registrations/{}"),
    "an applicant": ("applicantId", "/v1/applicants/{}"),
    "a certificate": ("number", "/v1/certificates/{}"),
    "the PDF of a certificate": ("number", "/v1/certificates/{}/pdf"),
    "an invoice": ("invoiceNumber", "/v1/invoices/{}"),
    "the PDF of an invoice": ("invoiceNumber", "/v1/invoices/{}/pdf"),
    "an evidence sheet": ("registrationId", "/v1/registrations/{}/evidence-sheet/pdf"),
    "contact hours": ("registrationId", "/v1/registrations/{}/contact-hours"),
    "an import": ("importId", "/v1/registration-imports/{}"),
    "a webhook": ("webhookId", "/v1/webhooks/{}"),
    "a message": ("messageId", "/v1/messages/{}"),
}


@pytest.mark.parametrize("name", THINGS)
def test_what_is_anothers_takes_as_long_as_what_is_not_there(untouched: Siege, name: str) -> None:
    parameter, path = THINGS[name]
    theirs, nothing = path.format(untouched.spoils.theirs[parameter]), path.format(OWNED[parameter])
    fleck, token = untouched.world.fleck, untouched.world.fleck.token()
    assert fleck.get(theirs).status_code == fleck.get(nothing).status_code == 404
    headers = {"Authorization": f"Bearer {token}"}
    assert not tells_apart(
        lambda: untouched.world.http.get(theirs, headers=headers),
        lambda: untouched.world.http.get(nothing, headers=headers),
    )


LINKS = {
    "a form": ("token", "/v1/enrolment-forms/{}"),
    "a personal page": ("pageToken", "/v1/personal-pages/{}"),
    "a calendar": ("calendarToken", "/v1/personal-calendars/{}"),
    "a holder's page": ("holderToken", "/v1/holder-pages/{}"),
    "a verification": ("code", "/v1/verifications/{}"),
}


@pytest.mark.parametrize("name", LINKS)
def test_a_link_that_is_nearly_right_takes_as_long_as_one_that_is_not(untouched: Siege, name: str) -> None:
    """Right but for its last letters, and wrong throughout."""
    parameter, path = LINKS[name]
    right = untouched.spoils.theirs[parameter]
    nearly = right[:-4] + ("aaaa" if right[-4:] != "aaaa" else "bbbb")
    wrong = right[::-1]
    for link in (nearly, wrong):
        assert untouched.world.http.get(path.format(link)).status_code == 404
    assert not tells_apart(
        lambda: untouched.world.http.get(path.format(nearly)),
        lambda: untouched.world.http.get(path.format(wrong)),
    )


def grant(siege: Siege, client: str, secret: str) -> int:
    """The answer's status to a wish for a token."""
    form = {"grant_type": "client_credentials", "client_id": client, "client_secret": secret}
    return siege.world.http.post("/v1/oauth/token", data=form).status_code


def _nearly(party: Party) -> str:
    secret: str = party.credentials["clientSecret"]
    return secret[:-1] + ("A" if secret[-1] != "A" else "B")


def test_a_client_that_is_there_takes_as_long_as_one_that_is_not(untouched: Siege) -> None:
    fleck = untouched.world.fleck
    assert grant(untouched, fleck.id, "x" * 43) == grant(untouched, "fleck-partner-00000000", "x" * 43) == 401
    assert not tells_apart(
        lambda: grant(untouched, fleck.id, "x" * 43),
        lambda: grant(untouched, "fleck-partner-00000000", "x" * 43),
    )


def test_a_secret_that_is_nearly_right_takes_as_long_as_one_that_is_not(untouched: Siege) -> None:
    fleck = untouched.world.fleck
    assert not tells_apart(
        lambda: grant(untouched, fleck.id, _nearly(fleck)), lambda: grant(untouched, fleck.id, "x" * 43)
    )


def test_an_ended_client_takes_as_long_as_one_that_never_was(untouched: Siege) -> None:
    ended = untouched.party("ended")
    secret: str = ended.credentials["clientSecret"]
    assert grant(untouched, ended.id, secret) == 401
    assert not tells_apart(
        lambda: grant(untouched, ended.id, secret), lambda: grant(untouched, "mocca-partner-00000000", secret)
    )


def test_a_token_whose_signature_is_nearly_right_takes_as_long_as_one_that_is_not(untouched: Siege) -> None:
    token = untouched.world.admin.token()
    start, _, seal = token.rpartition(".")
    nearly, wrong = f"{start}.{seal[:-2]}{'A' if seal[-2] != 'A' else 'B'}{seal[-1]}", f"{start}.{'A' * 43}"

    def ask(sent: str) -> Ask:
        headers = {"Authorization": f"Bearer {sent}"}
        return lambda: untouched.world.http.get("/v1/clients", headers=headers)

    assert (
        untouched.world.http.get("/v1/clients", headers={"Authorization": f"Bearer {nearly}"}).status_code
        == 401
    )
    assert not tells_apart(ask(nearly), ask(wrong))


def test_a_search_for_anothers_name_takes_as_long_as_one_for_nobodys(untouched: Siege) -> None:
    headers = {"Authorization": f"Bearer {untouched.world.fleck.token()}"}

    def ask(q: str) -> Ask:
        return lambda: untouched.world.http.get("/v1/registrations", params={"q": q}, headers=headers)

    assert not tells_apart(ask("geheimhouder"), ask("nergenshuizen"))
