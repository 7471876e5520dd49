"""An e-mail as it goes over the line."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from uuid import UUID

import pytest
from email_validator import EmailNotValidError
from hypothesis import given
from hypothesis import strategies as st

from app.notifications import mail
from app.notifications.mail import Envelope, Letter, Mailbox

AT = datetime(2021, 7, 6, 10, tzinfo=UTC)
LETTER = Letter("Onderwerp", "Tekst\n", "<p>Tekst</p>\n")
TO = Mailbox("noor@lyceum.example", "Noor")


def _composed(letter: Letter = LETTER, recipient: Mailbox = TO, reply_to: Mailbox | None = None) -> Envelope:
    return mail.compose(
        letter,
        sender=Mailbox.parse("Régister <register@register.example>"),
        recipient=recipient,
        reply_to=reply_to,
        message_id="<1@register.example>",
        language="nl",
        at=AT,
    )


def _read(envelope: Envelope) -> EmailMessage:
    return message_from_bytes(envelope.content, policy=default)


ENCODED = (
    "=?utf-8?q?Noor=0D=0ABcc:_evil=40attacker.example?=",
    "=?utf-8?b?Tm9vcg0KQmNjOiBldmlsQGF0dGFja2VyLmV4YW1wbGU=?=",
    "Noor =?us-ascii?q?=0A=0A?= x =?utf-8*nl?q?=0D?=",
)


@pytest.mark.parametrize("written", ENCODED)
def test_what_is_written_as_an_encoded_word_is_no_header_of_its_own(written: str) -> None:
    both = Mailbox(TO.address, written)
    envelope = _composed(Letter(f"Over {written}", "Tekst", "<p>Tekst</p>"), both, both)
    read = _read(envelope)
    assert "Bcc" not in read
    assert [one.addr_spec for one in read["To"].addresses] == [TO.address]
    assert read["Subject"] == f"Over {written}".replace("=?", "= ?")
    assert all(b"\n" not in line for line in envelope.content.split(b"\r\n"))


@given(st.text(max_size=200) | st.sampled_from(ENCODED), st.text(max_size=200) | st.sampled_from(ENCODED))
def test_whatever_a_name_or_a_subject_holds_the_headers_stay_the_same(name: str, subject: str) -> None:
    surrogates = any("\ud800" <= each <= "\udfff" for each in name + subject)
    if surrogates:
        return
    envelope = _composed(Letter(subject, name, name), Mailbox(TO.address, name), Mailbox(TO.address, name))
    read = _read(envelope)
    assert read.keys() == [
        "From",
        "To",
        "Reply-To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "MIME-Version",
        "Content-Type",
        "Content-Language",
    ]
    for header in ("To", "Reply-To"):
        assert [one.addr_spec for one in read[header].addresses] == [TO.address]
    assert envelope.recipient == TO.address
    lines = envelope.content.split(b"\r\n")
    assert all(len(line) <= 998 and b"\n" not in line and line.isascii() for line in lines)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Zoë van der Ölmez", "Zoë van der Ölmez"),
        ("Noor\r\nBcc: x@evil.example", "Noor Bcc x evil.example"),
        ('"Noor", <x@evil.example>', "Noor x evil.example"),
        ("王小明", "王小明"),
        ("O'Neil-Jansen jr.", "O'Neil-Jansen jr."),
        ("N" * 100, "N" * 100),
    ],
)
def test_a_name_is_read_as_it_was_written_but_for_what_means_something(name: str, shown: str) -> None:
    (address,) = _read(_composed(recipient=Mailbox(TO.address, name)))["To"].addresses
    assert (address.display_name, address.addr_spec) == (shown, TO.address)


def test_both_forms_are_carried_by_any_server() -> None:
    letter = Letter("Één plaats", "Beste Zoë, " + "lang " * 400 + "\n", "<p>Beste Zoë</p>\n")
    envelope = _composed(letter)
    read = _read(envelope)
    assert envelope.content.isascii()
    assert [part.get_content_type() for part in read.iter_parts()] == ["text/plain", "text/html"]
    text, html = (part.get_content().replace("\r\n", "\n") for part in read.iter_parts())
    assert (text, html) == (letter.text, letter.html)
    assert read["Subject"] == "Één plaats"
    assert read["Date"].datetime == AT


def test_a_message_has_the_same_id_each_time() -> None:
    id = UUID("01890000-0000-7000-8000-000000000000")
    sender = Mailbox.parse("Register <register@bücher.example>")
    assert mail.message_id(id, sender) == f"<{id}@xn--bcher-kva.example>"


def test_an_address_beyond_ascii_asks_for_a_server_that_takes_it() -> None:
    envelope = _composed(recipient=Mailbox("zoë@bücher.example", "Zoë"))
    assert envelope.utf8
    assert envelope.recipient == "zoë@xn--bcher-kva.example"
    assert not _composed(recipient=Mailbox("zoe@bücher.example")).utf8


@pytest.mark.parametrize("address", ["", "noor", "noor@x.example\r\nBcc: y@x.example", "a@b@c.example"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(EmailNotValidError):
        _composed(recipient=Mailbox(address))
