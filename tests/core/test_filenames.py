"""Names of files, made safe to show, to save by and to say in a header."""

import unicodedata
from email.message import Message
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.filenames import attachment, safe_name
from app.core.filetypes import ENDINGS, FileType

NAMES = [
    (b"beleidsplan.pdf", "beleidsplan.pdf"),
    (b"Beleidsplan.PDF", "Beleidsplan.PDF"),
    ("Zoe\u0308s plan.pdf".encode(), "Zoës plan.pdf"),
    ("計画.pdf".encode(), "計画.pdf"),
    (b"../../etc/passwd", "passwd.pdf"),
    (b"..\\..\\windows\\system32\\plan.pdf", "plan.pdf"),
    (b"/etc/cron.d/x.pdf", "x.pdf"),
    (b"C:\\fakepath\\plan.pdf", "plan.pdf"),
    (b"plan.exe", "plan.exe.pdf"),
    (b"plan.pdf.exe", "plan.pdf.exe.pdf"),
    ("plan\u202efdp.exe".encode(), "plan fdp.exe.pdf"),
    (b"plan.pdf\r\nSet-Cookie: a=b", "plan.pdf Set-Cookie_ a=b.pdf"),
    (b"plan%0D%0ASet-Cookie%22.pdf", "plan Set-Cookie_.pdf"),
    (b"100%25.pdf", "100%25.pdf"),
    (b"a\0b.pdf", "a b.pdf"),
    (b'a"b<c>d|e?f*g:h.pdf', "a_b_c_d_e_f_g_h.pdf"),
    (b"  . .plan. . .pdf", "plan.pdf"),
    (b".pdf", "pdf.pdf"),
    (b"", "bestand.pdf"),
    (b"..", "bestand.pdf"),
    (b"...", "bestand.pdf"),
    (b"/", "bestand.pdf"),
    (b"\xff\xfe.pdf", "\ufffd\ufffd.pdf"),
    (b"x" * 500 + b".pdf", "x" * 120 + ".pdf"),
    ("𝒩".encode() * 200 + b".pdf", "𝒩" * 60 + ".pdf"),
]


@pytest.mark.parametrize(("sent", "kept"), NAMES)
def test_a_name_is_what_can_be_shown_of_it(sent: bytes, kept: str) -> None:
    assert safe_name(sent, FileType.PDF) == kept


@given(
    st.one_of(st.binary(max_size=300), st.text(max_size=300).map(lambda text: text.encode("utf-8", "ignore")))
)
def test_whatever_is_sent_the_name_is_safe(sent: bytes) -> None:
    for kind in FileType:
        name = safe_name(sent, kind)
        assert name.lower().endswith(ENDINGS[kind])
        assert not set('/\\<>:"|?*') & set(name)
        assert not [one for one in name if unicodedata.category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
        assert not name.startswith((".", " "))
        assert 5 <= len(name.encode()) <= 255
        assert unicodedata.is_normalized("NFC", name)


@given(st.text(min_size=1, max_size=60).map(lambda text: text.encode("utf-8", "ignore")))
def test_a_download_is_called_the_same(sent: bytes) -> None:
    name = safe_name(sent, FileType.PDF)
    header = attachment(name)
    assert header.isascii()
    assert header.isprintable()
    message = Message()
    message["Content-Disposition"] = header
    assert message.get_content_disposition() == "attachment"
    plain, _, extended = header.partition("; filename*=UTF-8''")
    assert (unquote(extended) if extended else plain[22:-1]) == name


def test_a_name_in_ascii_is_said_once() -> None:
    assert attachment("plan 2.pdf") == 'attachment; filename="plan 2.pdf"'
    assert attachment("Zoë.pdf") == "attachment; filename=\"Zoe.pdf\"; filename*=UTF-8''Zo%C3%AB.pdf"
    assert (
        attachment("計画.pdf")
        == "attachment; filename=\"bestand.pdf\"; filename*=UTF-8''%E8%A8%88%E7%94%BB.pdf"
    )
    assert attachment("a'b.pdf") == "attachment; filename=\"a_b.pdf\"; filename*=UTF-8''a%27b.pdf"
