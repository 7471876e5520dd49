"""Keeping the list in step: whoever hears that something happened reads it anew, and writes down what is."""

from collections.abc import Iterable
from itertools import chain

from .book import Book
from .register import Register

# Events about a registration have its id as their subject.
ABOUT_REGISTRATIONS = ("registration.", "enrolment-form.", "participant.")
ABOUT_APPLICANTS = "applicant."


def refresh(register: Register, book: Book, registrations: Iterable[str]) -> None:
    """Write down how these registrations stand now; twice, or in another order, makes no difference.

    Whatever tells of a change ends here: events that were read, and webhooks that came in. One at a time: of
    two that read the same registration, the one that read first might write last.
    """
    found = {one: register.find(f"/registrations/{one}") for one in dict.fromkeys(registrations)}
    with book.change():
        for id, one in found.items():
            if one is None:
                book.drop(id)
            else:
                book.keep(one)


def catch_up(register: Register, book: Book) -> int:
    """Read every event after the last that was read; gives how many there were.

    An event counts as read after the list is in step, so that being stopped half-way loses nothing.
    """
    count, more = 0, True
    while more:
        page = register.read("/events", after=book.recall("event") or "0", limit="100")
        events, more = page["items"], page["nextCursor"] is not None
        happened = ((event["type"], event["subject"]) for event in events)
        refresh(register, book, about(book, happened))
        if events:
            book.note(event=str(events[-1]["id"]))
        count += len(events)
    return count


def act_upon_deliveries(register: Register, book: Book) -> None:
    """Bring the list in step with what webhooks told and was kept."""
    while waiting := book.waiting():
        refresh(register, book, about(book, ((type, subject) for _, type, subject in waiting)))
        book.done(id for id, _, _ in waiting)


def about(book: Book, happened: Iterable[tuple[str, str]]) -> Iterable[str]:
    """The registrations that events, by type and subject, are about; an applicant's, the list knows."""
    return chain.from_iterable(_about(book, type, subject) for type, subject in happened)


def _about(book: Book, type: str, subject: str) -> list[str]:
    if type.startswith(ABOUT_APPLICANTS):
        return book.registrations_of(subject)
    return [subject] if type.startswith(ABOUT_REGISTRATIONS) else []
