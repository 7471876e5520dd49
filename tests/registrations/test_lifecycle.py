"""Every status × every verb, so that a new one cannot slip in unconsidered."""

import pytest

from app.registrations.lifecycle import MOVES, NotAllowed, Status, after, verbs

ENDS = {Status.WITHDRAWN, Status.DECLINED, Status.REJECTED, Status.LAPSED}


@pytest.mark.parametrize("verb", MOVES)
@pytest.mark.parametrize("status", Status)
def test_a_verb_acts_on_its_sources_and_on_nothing_else(status: Status, verb: str) -> None:
    if status in MOVES[verb].sources:
        assert after(status, verb) == MOVES[verb].target
    else:
        with pytest.raises(NotAllowed) as refused:
            after(status, verb)
        assert refused.value.allowed == verbs(status)


def test_the_ends_have_no_way_out() -> None:
    assert {status for status in Status if not verbs(status)} == ENDS


def test_every_status_can_be_reached() -> None:
    reached, frontier = {Status.RECEIVED}, {Status.RECEIVED}
    while frontier:
        frontier = {after(status, verb) for status in frontier for verb in verbs(status)} - reached
        reached |= frontier
    assert reached == set(Status)


def test_the_moves_are_those_of_the_design() -> None:
    """The lifecycle of the design (section 5), written out a second time on purpose."""
    told = """
        received complete complete
        complete reopen received
        complete place placed
        placed confirm confirmed
        confirmed certify certified
        complete waitlist waitlisted
        waitlisted place placed
        placed decline declined
        received withdraw withdrawn
        complete withdraw withdrawn
        waitlisted withdraw withdrawn
        placed withdraw withdrawn
        confirmed withdraw withdrawn
        received reject rejected
        complete reject rejected
        received lapse lapsed
        placed lapse lapsed
        certified uncertify confirmed
    """
    wanted = {tuple(line.split()) for line in told.strip().splitlines()}
    assert {(s.value, verb, after(s, verb).value) for s in Status for verb in verbs(s)} == wanted
