"""An e-mail as it goes over the line (RFC 5322, RFC 2047, RFC 6532). Pure."""

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, parseaddr
from uuid import UUID

from email_validator import validate_email

from app.core.language import Language

# Bodies go as quoted-printable: any server carries that, and no line grows too long.
_ENCODING = "quoted-printable"
# What has a meaning in an address header; a name loses it there, for not every reader undoes quotes well.
_PLAIN = str.maketrans(dict.fromkeys('()<>[]:;@\\,"', " "))


@dataclass(frozen=True)
class Letter:
    """What a message says: its subject, and the same words as text and as HTML."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True)
class Mailbox:
    """An address, with the name of whose it is."""

    address: str
    name: str = ""

    @classmethod
    def parse(cls, written: str) -> "Mailbox":
        """A mailbox as people write it: `Register <register@example.org>`, or an address alone."""
        name, address = parseaddr(written)
        return cls(address, name)


@dataclass(frozen=True)
class Envelope:
    """Bytes to hand to a mail server, and for whom."""

    sender: str
    recipient: str
    content: bytes
    # Whether the server must take letters outside ASCII in addresses (RFC 6531).
    utf8: bool


def message_id(id: UUID, sender: Mailbox) -> str:
    """The Message-ID of a message: the same at each attempt, so that who gets it twice can tell."""
    return f"<{id}@{_on_the_line(sender)[0].domain}>"


def compose(
    letter: Letter,
    *,
    sender: Mailbox,
    recipient: Mailbox,
    reply_to: Mailbox | None,
    message_id: str,
    language: Language,
    at: datetime,
) -> Envelope:
    """The e-mail, ready to be sent; nothing in it can break out of its header."""
    to, utf8 = _on_the_line(recipient)
    policy = (SMTPUTF8 if utf8 else SMTP).clone(cte_type="7bit")
    mail = EmailMessage(policy)
    mail["From"] = _on_the_line(sender)[0]
    mail["To"] = to
    if reply_to:
        mail["Reply-To"] = _on_the_line(reply_to)[0]
    mail["Subject"] = _literal(letter.subject)
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = message_id
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's automatic answer comes back
    mail.set_content(letter.text, cte=_ENCODING)
    mail.add_alternative(letter.html, subtype="html", cte=_ENCODING)
    mail["Content-Language"] = language
    return Envelope(_on_the_line(sender)[0].addr_spec, to.addr_spec, mail.as_bytes(), utf8)


def one_line(text: str) -> str:
    """The text with each run of white space, line breaks too, as one space."""
    return " ".join(text.split())


def _literal(text: str) -> str:
    """The text for a header, in which nothing is written as an encoded word (RFC 2047).

    The library would decode one, with the line ends in it, and so let a name begin headers of its own.
    """
    return one_line(text).replace("=?", "= ?")


def _on_the_line(mailbox: Mailbox) -> tuple[Address, bool]:
    """The address as servers know it, and whether its own part has letters outside ASCII.

    The domain goes in ASCII (IDNA), which every server takes. EmailNotValidError for what is no address.
    """
    read = validate_email(mailbox.address, check_deliverability=False)
    name = _literal(mailbox.name.translate(_PLAIN))
    return Address(name, read.local_part, read.ascii_domain), not read.local_part.isascii()
