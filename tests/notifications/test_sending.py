"""From what happens to an e-mail in a real mail server, and what becomes of it when that server will not."""

import asyncio
from email.headerregistry import Address
from typing import Any

import pytest

from app.notifications import posting, sending
from app.notifications.smtp import ServerUnavailable
from tests.conftest import sql
from tests.notifications.post_office import Postman, PostOffice, html_of, kinds, text_of
from tests.world import PILOT, World


def _messages(world: World, **query: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = world.admin.get("/v1/messages", params=query).json()["items"]
    return items


def test_a_registration_becomes_an_email_with_the_form(
    world: World, office: PostOffice, postman: Postman
) -> None:
    world.admin.patch("/v1/organisations/fleck", {"email": "post@fleck.example"})
    made = world.register(applicant={"email": "noor@lyceum.example"})
    assert postman.round() == 1
    (mail,) = office.received
    assert office.envelopes == [("register@register.example", "noor@lyceum.example")]
    assert mail["From"].addresses == (Address("Register", addr_spec="register@register.example"),)
    assert mail["To"].addresses == (Address("Noor van der Meer", addr_spec="noor@lyceum.example"),)
    assert mail["Reply-To"].addresses == (Address("FleCk", addr_spec="post@fleck.example"),)
    assert (
        mail["Subject"]
        == "Je aanmelding voor Cultuurcoördinator Voortgezet Onderwijs: vul het inschrijfformulier in"
    )
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Content-Language"] == "nl"
    assert mail["Date"].datetime == postman.now
    assert mail.get_content_type() == "multipart/alternative"
    for words in (text_of(mail), html_of(mail)):
        assert "Beste Noor van der Meer" in words
        assert made["enrolmentForm"]["url"] in words
    (message,) = _messages(world)
    assert message["status"] == "sent"
    assert message["messageId"] == mail["Message-ID"] == f"<{message['id']}@register.example>"
    assert (message["attempts"], message["sentAt"]) == (1, "2021-06-15T07:00:00Z")
    assert postman.round() == 0
    assert len(office.received) == 1


def test_who_asks_for_english_gets_english(world: World, office: PostOffice, postman: Postman) -> None:
    made = world.register(applicant={"language": "en"})
    assert made["applicant"]["language"] == "en"
    postman.round()
    (mail,) = office.received
    training = "Cultuurcoördinator Voortgezet Onderwijs"
    assert mail["Subject"] == f"Your registration for {training}: fill in the enrolment form"
    assert "Dear Noor van der Meer" in text_of(mail)
    # Whoever changes their mind is written to in the other language from then on.
    world.fleck.patch(f"/v1/applicants/{made['applicant']['id']}", {"language": "nl"})
    world.fleck.post(f"/v1/registrations/{made['id']}/_withdraw")
    postman.round()
    assert office.received[1]["Content-Language"] == "nl"
    assert [one["language"] for one in _messages(world)] == ["en", "nl"]


def test_the_way_to_a_seat_is_told_step_by_step(world: World, office: PostOffice, postman: Postman) -> None:
    world.admin.patch(f"/v1/editions/{PILOT}", {"capacity": 2, "quotas": [], "answerDays": 14})
    people = [world.complete(applicant={"email": f"{name}@lyceum.example"}) for name in "abc"]
    postman.round()
    announced = world.announce()
    postman.round()
    world.run(announced)
    world.publish(announced)
    postman.round()
    now = {one["id"]: world.fleck.get(f"/v1/registrations/{one['id']}").json() for one in people}
    first, second = (one for one in now.values() if one["status"] == "placed")
    (third,) = (one for one in now.values() if one["status"] == "waitlisted")
    world.fleck.post(f"/v1/registrations/{first['id']}/_confirm")
    world.fleck.post(f"/v1/registrations/{second['id']}/_decline")
    postman.round()
    told = {
        name: [mail["Subject"] for mail in office.received if mail["To"].addresses[0].addr_spec == address]
        for name, address in (
            ("first", first["applicant"]["email"]),
            ("second", second["applicant"]["email"]),
            ("third", third["applicant"]["email"]),
        )
    }
    # Whose form is in has no use for the link to it.
    begin = [
        "We hebben je inschrijfformulier ontvangen",
        "Er wordt geloot om de plaatsen in Pilot Noord/Midden 2021-2022",
    ]
    edition = "Pilot Noord/Midden 2021-2022"
    assert told["first"] == [*begin, f"Je hebt een plaats in {edition}", f"Je doet mee met {edition}"]
    assert told["second"] == [
        *begin,
        f"Je hebt een plaats in {edition}",
        f"Je hebt de plaats in {edition} afgeslagen",
    ]
    assert told["third"] == [
        *begin,
        f"Je staat op de wachtlijst van {edition}",
        f"Er is een plaats vrijgekomen in {edition}",
    ]
    placed = next(mail for mail in office.received if mail["Subject"] == f"Je hebt een plaats in {edition}")
    assert "dinsdag 20 juli 2021, 10.00 uur" in text_of(placed)
    waiting = next(mail for mail in office.received if "wachtlijst" in mail["Subject"])
    assert "op plek 1." in text_of(waiting)
    links = world.fleck.get(f"/v1/registrations/{first['id']}/personal-links").json()
    confirmed = next(mail for mail in office.received if mail["Subject"] == f"Je doet mee met {edition}")
    assert links["page"] in text_of(confirmed)
    assert links["calendar"] in html_of(confirmed)
    assert len({mail["Message-ID"] for mail in office.received}) == len(office.received)


def test_a_certificate_is_told_and_its_end_too(world: World, office: PostOffice, postman: Postman) -> None:
    certificate = world.certified()
    postman.round()
    issued = office.received[-1]
    assert issued["Subject"] == "Je certificaat Cultuurcoördinator Voortgezet Onderwijs"
    assert certificate["verificationUrl"] in text_of(issued)
    world.lkca.post(f"/v1/certificates/{certificate['number']}/_revoke", {"reason": "Geheim"})
    postman.round()
    assert office.received[-1]["Subject"] == f"Je certificaat {certificate['number']} is ingetrokken"
    assert "Geheim" not in text_of(office.received[-1])


def test_what_is_no_longer_true_is_not_sent(world: World, office: PostOffice, postman: Postman) -> None:
    made = world.register()
    postman.collect()
    world.fleck.post(f"/v1/registrations/{made['id']}/_withdraw")
    postman.round()
    assert [mail["Subject"] for mail in office.received] == [
        "Je aanmelding voor Pilot Noord/Midden 2021-2022 is ingetrokken"
    ]
    assert kinds(_messages(world)) == [("registration-received", "cancelled"), ("withdrawn", "sent")]


def test_an_edition_whose_partners_write_themselves_is_left_to_them(
    world: World, office: PostOffice, postman: Postman
) -> None:
    edition = world.http.get(f"/v1/editions/{PILOT}").json()
    assert edition["mailsApplicants"] is True
    world.register()
    postman.collect()
    changed = world.admin.patch(f"/v1/editions/{PILOT}", {"mailsApplicants": False}).json()
    assert changed["mailsApplicants"] is False
    world.register()
    postman.round()
    assert office.received == []
    assert kinds(_messages(world)) == [("registration-received", "cancelled")]


def test_greylisting_is_waited_for(world: World, office: PostOffice, postman: Postman) -> None:
    world.register()
    office.at_recipient = ["451 4.7.1 Greylisted, noor@lyceum.example try again", "451 4.7.1 Not yet"]
    assert postman.round() == 1
    (message,) = _messages(world)
    assert (message["status"], message["lastError"]) == ("pending", "451 4.7.1 at RCPT TO")
    # Nothing is tried before its time.
    assert postman.round() == 0
    postman.later(minutes=2)
    assert postman.round() == 1
    postman.later(minutes=4)
    assert postman.round() == 1
    assert len(office.received) == 1
    (message,) = _messages(world)
    assert (message["status"], message["attempts"], message["lastError"]) == ("sent", 3, None)


@pytest.mark.parametrize("stage", ["at_recipient", "at_data"])
def test_a_refusal_for_good_ends_it_and_holds_nothing_up(
    world: World, office: PostOffice, postman: Postman, stage: str
) -> None:
    first, _ = world.register(), world.register()
    setattr(office, stage, ["550 5.1.1 <noor@lyceum.example>: no such user"])
    assert postman.round() == 2
    failed, sent = _messages(world)
    assert (failed["registration"], failed["status"]) == (first["id"], "failed")
    assert failed["lastError"] in ("550 5.1.1 at RCPT TO", "550 5.1.1 at DATA")
    assert sent["status"] == "sent"
    postman.later(days=1)
    assert postman.round() == 0


def test_a_server_that_is_away_costs_no_message_an_attempt(world: World, office: PostOffice) -> None:
    world.register()
    away = Postman(world, office.port)
    away.collect()
    with PostOffice() as gone:
        port = gone.port
    nowhere = Postman(world, port)
    with (
        pytest.raises(ExceptionGroup)
        if False
        else pytest.raises(ServerUnavailable, match="cannot be reached")
    ):
        nowhere.send()
    (message,) = _messages(world)
    assert (message["status"], message["attempts"]) == ("pending", 0)
    assert away.send() == 1
    assert len(office.received) == 1


def test_a_server_that_ends_the_conversation_is_come_back_to(
    world: World, office: PostOffice, postman: Postman
) -> None:
    world.register()
    world.register()
    office.at_recipient = ["421 4.3.2 Shutting down, noor"]
    postman.collect()
    with pytest.raises(ServerUnavailable, match=r"421 4\.3\.2 at RCPT TO"):
        postman.send()
    assert office.received == []
    postman.later(minutes=2)
    assert postman.send() == 2


def test_without_a_mail_server_messages_wait_and_expire(world: World, office: PostOffice) -> None:
    without = Postman(world, None)
    world.register()
    assert without.round() == 0
    (message,) = _messages(world)
    assert message["status"] == "pending"
    without.later(days=5, minutes=1)
    without.round()
    # Switching it on mails nothing of long ago.
    world.register()
    assert Postman(world, office.port).round() == 1
    assert kinds(_messages(world)) == [
        ("registration-received", "expired"),
        ("registration-received", "sent"),
    ]


def test_what_is_refused_for_days_is_given_up(world: World, office: PostOffice, postman: Postman) -> None:
    world.register()
    office.at_recipient = ["450 4.2.0 Busy"] * 200
    tried = 0
    for _ in range(24 * 6):
        tried += postman.round()
        postman.later(hours=1)
    (message,) = _messages(world)
    assert message["status"] == "failed"
    assert message["attempts"] == tried
    assert 20 < tried < 90


def test_names_and_addresses_of_everywhere(world: World, office: PostOffice, postman: Postman) -> None:
    world.register(
        applicant={
            "givenName": "Zoë",
            "familyNamePrefix": None,
            "familyName": 'Ölmez, "Prof" <x@evil.example>',
            "email": "zoe@bücher.example",
        }
    )
    postman.round()
    (mail,) = office.received
    assert office.envelopes[0][1] == "zoe@xn--bcher-kva.example"
    (address,) = mail["To"].addresses
    assert address.addr_spec == "zoe@xn--bcher-kva.example"
    assert address.display_name == "Zoë Ölmez Prof x evil.example"
    assert 'Zoë Ölmez, "Prof" <x@evil.example>' in text_of(mail)
    assert "&lt;x@evil.example&gt;" in html_of(mail)


def test_an_address_beyond_ascii_goes_where_the_server_takes_it(
    world: World, office: PostOffice, postman: Postman
) -> None:
    world.register(applicant={"email": "zoë@bücher.example"})
    postman.round()
    assert office.envelopes[0][1] == "zoë@xn--bcher-kva.example"
    assert office.received[0]["To"].addresses[0].username == "zoë"


def test_and_fails_with_the_reason_where_it_does_not(world: World) -> None:
    with PostOffice(utf8=False) as plain:
        world.register(applicant={"email": "zoë@lyceum.example"})
        world.register()
        Postman(world, plain.port).round()
        assert len(plain.received) == 1
    failed, _ = _messages(world)
    assert failed["status"] == "failed"
    assert failed["lastError"] == "the mail server takes no letters outside ASCII in an address"


def test_a_name_cannot_break_out_of_its_header(world: World, office: PostOffice, postman: Postman) -> None:
    made = world.register()
    # The interface refuses such a name; should one get in all the same, it stays a name.
    assert (
        world.fleck.patch(
            f"/v1/applicants/{made['applicant']['id']}", {"familyName": "Meer\r\nBcc: all@evil.example"}
        ).status_code
        == 400
    )
    sql(
        world.database_url,
        "UPDATE applicant SET family_name = E'Meer\\r\\nBcc: all@evil.example\\r\\n\\r\\n<b>x</b>'",
        "UPDATE edition SET title = E'Noord\\nBcc: all@evil.example'",
    )
    world.fleck.post(f"/v1/registrations/{made['id']}/_withdraw")
    postman.round()
    (mail,) = office.received
    assert mail["Bcc"] is None
    assert len(office.envelopes) == 1
    assert "Bcc all evil.example" in mail["To"].addresses[0].display_name
    assert mail["Subject"] == "Je aanmelding voor Noord Bcc: all@evil.example is ingetrokken"
    assert "<b>x</b>" not in html_of(mail)


def test_two_workers_at_once_send_everything_once(world: World, office: PostOffice, postman: Postman) -> None:
    for _ in range(12):
        world.register()
    world.http.together([postman.collect, postman.collect, postman.collect])
    assert len(_messages(world)) == 12
    tried = world.http.together([postman.send, postman.send, postman.send])
    assert sum(tried) == 12
    assert len({mail["Message-ID"] for mail in office.received}) == len(office.received) == 12


def test_a_worker_that_vanished_is_taken_over_from(
    world: World, office: PostOffice, postman: Postman
) -> None:
    world.register()
    postman.collect()
    state = world.app.state

    async def claim_and_vanish() -> str | None:
        async with state.database.transaction() as db:
            message = await sending.claim(db, postman.post.sender, state.clock.now())
        return message.message_id if message else None

    claimed = world.http.portal.call(claim_and_vanish)
    assert postman.send() == 0
    postman.later(minutes=6)
    assert postman.send() == 1
    assert office.received[0]["Message-ID"] == claimed


def test_a_message_that_cannot_be_written_holds_nothing_up(
    world: World, office: PostOffice, postman: Postman
) -> None:
    world.register()
    world.register()
    sql(
        world.database_url,
        "UPDATE applicant SET email = 'no address' WHERE id = (SELECT applicant FROM registration LIMIT 1)",
    )
    assert postman.round() == 2
    assert len(office.received) == 1
    broken = next(one for one in _messages(world) if one["status"] == "pending")
    assert broken["lastError"] == "the message cannot be written (EmailSyntaxError)"


def test_a_worker_that_is_stopped_ends_what_it_began(
    world: World, office: PostOffice, postman: Postman
) -> None:
    for _ in range(3):
        world.register()
    postman.collect()
    state = world.app.state

    office.slow = 0.3

    async def stop() -> None:
        task = asyncio.ensure_future(posting.send(state.database, state.clock, postman.post))
        await asyncio.to_thread(office.arrived.wait, 30)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    world.http.portal.call(stop)
    sent = [one for one in _messages(world) if one["status"] == "sent"]
    # Nothing hangs between sent and marked.
    assert len(sent) == len(office.received) == 1
    assert all(one["attempts"] == 0 for one in _messages(world) if one["status"] == "pending")
