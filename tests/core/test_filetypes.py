"""What a file is by its content: the kinds that are taken in, and every reason to refuse one."""

import contextlib
import io
import zipfile
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.filetypes import ENDINGS, HEAD, MANIFEST, TAIL, FileType, NotTaken, Refusal, file_type
from tests.samples import PDF, REFUSED, TAKEN, docx, large_pdf, opened, packed, picture


def kind_of(content: bytes) -> str:
    """The media type, or why there is none."""
    try:
        return file_type(opened(content)).value
    except NotTaken as refused:
        return refused.refusal.value


@pytest.mark.parametrize("name", TAKEN)
def test_a_file_is_what_its_content_says(name: str) -> None:
    content, kind = TAKEN[name]
    assert kind_of(content) == kind


@pytest.mark.parametrize("name", REFUSED)
def test_anything_else_is_refused_with_its_reason(name: str) -> None:
    content, why = REFUSED[name]
    assert kind_of(content) == why


def test_every_kind_and_every_reason_is_tried() -> None:
    assert {kind for _, kind in TAKEN.values()} == {kind.value for kind in FileType} == set(ENDINGS)
    assert {why for _, why in REFUSED.values()} == {why.value for why in Refusal}


def test_what_a_telephone_appends_to_a_photo_is_no_harm() -> None:
    assert kind_of(picture("image/jpeg") + b"SEFHk\0\0\0 of a telephone") == "image/jpeg"


def test_a_document_inside_a_pdf_is_an_attachment() -> None:
    assert kind_of(PDF[:-6] + docx() + b"\nendstream\n%%EOF\n") == "application/pdf"


@given(st.binary(max_size=200), st.sampled_from(sorted(TAKEN)), st.integers(0, 400), st.booleans())
def test_whatever_comes_is_taken_or_refused_and_never_a_failure(
    some: bytes, name: str, place: int, replace: bool
) -> None:
    content = TAKEN[name][0]
    mixed = content[:place] + some + content[place + (len(some) if replace else 0) :]
    for each in (some, mixed, content[place:], content[:place] + some):
        assert kind_of(each) in {*FileType, *Refusal}


class Counting(io.BytesIO):
    """A file that counts what is read of it."""

    count = 0

    def read(self, size: int | None = -1, /) -> bytes:
        read = super().read(size)
        self.count += len(read)
        return read


def _read_of(file: Counting) -> int:
    with contextlib.suppress(NotTaken):
        file_type(file)
    return file.count


def test_of_a_large_file_little_is_read() -> None:
    size = 3 * 1024**2
    assert _read_of(Counting(large_pdf(size))) <= HEAD + TAIL
    stored = Counting(
        packed({"[Content_Types].xml": "", "word/document.xml": "x" * size}, zipfile.ZIP_STORED)
    )
    assert _read_of(stored) < 4 * TAIL


def test_of_a_bomb_no_more_is_unpacked_than_a_manifest_may_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    whole = zipfile.ZipExtFile.read

    def read(part: zipfile.ZipExtFile, size: int | None = -1) -> bytes:
        asked.append(-1 if size is None else size)
        return whole(part, size)

    monkeypatch.setattr(zipfile.ZipExtFile, "read", read)
    for content, _ in [*TAKEN.values(), *REFUSED.values()]:
        kind_of(content)
    assert set(asked) == {MANIFEST + 1}


def test_the_file_need_not_stand_at_its_beginning() -> None:
    file: BinaryIO = opened(PDF)
    file.seek(10)
    assert file_type(file) is FileType.PDF
