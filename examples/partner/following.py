"""Keeping the list in step: whoever hears that something happened reads it anew, and writes down what is."""

from collections.abc import Iterable
from itertools import chain
from typing import Any

from .book import Book
from .register import Register

# Events about a registration have its id as their subject.
ABOUT_REGISTRATIONS = ("registration.", "enrolment-form.", "participant.")
ABOUT_APPLICANTS = "applicant."


def refresh(register: Register, book: Book, registrations: Iterable[str]) -> None:
    """Write down how these registrations stand now; twice, or in another order, makes no difference.

    Whatever tells of a change ends here: events that were read, and in time webhooks that came in.
    """
    found = {one: register.find(f"/registrations/{one}") for one in dict.fromkeys(registrations)}
    with book.change():
        for id, one in found.items():
            if one is None:
                book.drop(id)
            else:
                book.keep(one)


def catch_up(register: Register, book: Book) -> int:
    """Read every event since the last time; gives how many were new.

    The last page has no next one: its place is kept, and it is read again the next time, when it may have
    more. A page counts as read after the list is in step, so that being stopped half-way loses nothing.
    """
    count = 0
    while True:
        cursor = book.cursor()
        page = register.read("/events", limit="100", **({"cursor": cursor} if cursor else {}))
        new = book.unseen(event["id"] for event in page["items"])
        about = (_about(book, event) for event in page["items"] if event["id"] in new)
        refresh(register, book, chain.from_iterable(about))
        with book.change():
            book.mark(new)
            if page["nextCursor"]:
                book.turn_to(page["nextCursor"])
        count += len(new)
        if not page["nextCursor"]:
            return count


def _about(book: Book, event: dict[str, Any]) -> list[str]:
    """The registrations that an event is about; whose names were changed, the list knows."""
    if event["type"].startswith(ABOUT_APPLICANTS):
        return book.registrations_of(event["subject"])
    return [event["subject"]] if event["type"].startswith(ABOUT_REGISTRATIONS) else []
