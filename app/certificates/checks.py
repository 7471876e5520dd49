"""The check of a credential or a PDF that somebody holds: whether it is ours, unaltered, and still counts."""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jwt
from anyio import to_thread
from sqlmodel.ext.asyncio.session import AsyncSession

from app.certificates import pdf
from app.certificates import service as certificates
from app.certificates.schemas import CheckRead, CheckVerdict
from app.certificates.service import Signed
from app.core.problems import Fault, InvalidInput, NotFound
from app.credentials import did, keys, proofs
from app.credentials.keys import Vault

DEEPEST = 50  # objects and lists within one another
LONGEST_TEXT = 100_000  # characters of a credential
_CODE = re.compile("[a-z0-9]{1,100}")
_UNKNOWN = CheckRead(verdict=CheckVerdict.UNKNOWN, certificate=None, as_issued=None)
_ALTERED = CheckRead(verdict=CheckVerdict.ALTERED, certificate=None, as_issued=None)


@dataclass(frozen=True)
class _Held:
    """A credential as somebody holds it: what it says, and the text as it came when that is a VC-JWT."""

    document: dict[str, Any]
    token: str | None = None
    ambiguous: bool = False  # a name stands in it twice, and readers differ in which one they take


async def check_text(db: AsyncSession, vault: Vault, text: str) -> CheckRead:
    """Check a credential, as JSON or as a VC-JWT; InvalidInput for what is neither, or too long for one."""
    held = await to_thread.run_sync(_read, text) if len(text) <= LONGEST_TEXT else None
    if held is None:
        detail = "This is neither a credential in JSON nor a VC-JWT."
        raise InvalidInput([Fault(pointer="#/credential", code="no-credential", detail=detail)])
    return await _judged(db, vault, held)


async def check_pdf(db: AsyncSession, vault: Vault, text: str) -> CheckRead:
    """Check a certificate's PDF, in base64, by the credential in it, and whether the whole is as issued."""
    try:
        content = await to_thread.run_sync(partial(base64.b64decode, text, validate=True))
        return await _of_pdf(db, vault, content)
    except (binascii.Error, pdf.NoPdf) as wrong:
        detail = "This is no PDF, in base64."
        raise InvalidInput([Fault(pointer="#/pdf", code="no-pdf", detail=detail)]) from wrong


async def check_file(db: AsyncSession, vault: Vault, content: bytes) -> CheckRead:
    """Check a file as somebody has it: a PDF, or a credential; InvalidInput for what is neither."""
    if pdf.PDF_MARK in content[: pdf.PDF_MARK_WITHIN]:
        try:
            return await _of_pdf(db, vault, content)
        except pdf.NoPdf as wrong:
            detail = "This PDF cannot be opened: it is damaged, or has a password."
            raise InvalidInput([Fault(pointer="#/file", code="no-pdf", detail=detail)]) from wrong
    return await check_text(db, vault, content[: LONGEST_TEXT + 1].decode("utf-8-sig", "replace"))


async def _of_pdf(db: AsyncSession, vault: Vault, content: bytes) -> CheckRead:
    """What the register says of the first credential of ours that is attached to a PDF."""
    attached = await to_thread.run_sync(pdf.attachments, content)
    for one in attached:
        held = await to_thread.run_sync(_of_json, one)
        judged = await _judged(db, vault, held) if held else _UNKNOWN
        if held and judged.certificate:
            code = _code(vault, held.document) or ""
            return judged.model_copy(update={"as_issued": await _as_issued(db, vault, code, content)})
        if judged.verdict is not CheckVerdict.UNKNOWN:
            return judged
    return _UNKNOWN


async def _as_issued(db: AsyncSession, vault: Vault, code: str, content: bytes) -> bool | None:
    """Whether a PDF is byte by byte what is given out; None where that can no longer be made."""
    try:
        sheet = await certificates.sheet_of_code(db, code, vault.base_url)
    except NotFound:
        return None
    return pdf.may_be_as_issued(content) and await to_thread.run_sync(pdf.render, sheet) == content


async def _keys(db: AsyncSession, vault: Vault) -> dict[str, bytes]:
    return {did.method(vault.did, key): key for key in await keys.published(db)}


async def _judged(db: AsyncSession, vault: Vault, held: _Held) -> CheckRead:
    """What the register says of a credential; of one that was altered nothing but that."""
    code = _code(vault, held.document)
    try:
        known = await certificates.verify(db, code) if code else None
    except NotFound:
        known = None
    if code is None or known is None:
        return _UNKNOWN
    issued, signers = await certificates.signed(db, code), await _keys(db, vault)
    if not await to_thread.run_sync(_genuine, held, issued, signers):
        return _ALTERED
    return CheckRead(verdict=CheckVerdict(known.status), certificate=known, as_issued=None)


def _genuine(held: _Held, issued: Signed, signers: Mapping[str, bytes]) -> bool:
    """Whether a credential says what was issued and nothing else, and a key of ours signed that.

    A proof alone does not tell: it is made over statements (RDF), and texts that differ may state the same.
    Compared first, so that nothing but what the register itself wrote is ever canonicalised.
    """
    if held.token is not None:
        as_issued = token_digest(held.token) in (issued.token_digest, token_digest(issued.token))
        return as_issued and _token_holds(held.token, signers)
    if held.ambiguous:
        return False
    proof = _proof(held.document)
    if proof is None or proof.get("verificationMethod") not in signers:
        return False
    document = _unproven(held.document)
    if _digest(document) != (issued.document_digest or document_digest(issued.document)):
        return False
    return proofs.holds(document, proof, signers[proof["verificationMethod"]])


def token_digest(token: str | None) -> bytes | None:
    """What tells a VC-JWT from any other."""
    return hashlib.sha256(token.encode()).digest() if token else None


def document_digest(text: str | None) -> bytes | None:
    """What tells a credential, as JSON text, from any that says otherwise; its proof is no part of it."""
    return _digest(_unproven(json.loads(text))) if text else None


def _digest(document: dict[str, Any]) -> bytes:
    return hashlib.sha256(_plain(document).encode()).digest()


def _proof(document: dict[str, Any]) -> dict[str, str] | None:
    """The one proof of a credential, when it is as those that we make: texts alone."""
    found = document.get("proof")
    proof = found[0] if isinstance(found, list) and len(found) == 1 else found
    if isinstance(proof, dict) and all(isinstance(value, str) for value in proof.values()):
        return proof
    return None


def _unproven(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "proof"}


def _plain(document: dict[str, Any]) -> str:
    """The same text for equal JSON alone; Python takes true for 1."""
    return json.dumps(document, sort_keys=True)


def _token_holds(token: str, signers: Mapping[str, bytes]) -> bool:
    try:
        kid = jwt.get_unverified_header(token)["kid"]
        key = jwt.PyJWK(proofs.jwk(kid, signers[kid]))
        jwt.decode(token, key, algorithms=["EdDSA"], options={"verify_nbf": False})
    except (jwt.InvalidTokenError, KeyError):
        return False
    return True


def _code(vault: Vault, document: dict[str, Any]) -> str | None:
    """The code in the address that a credential has for its id, when that is ours."""
    address = document.get("id")
    code = code_in(address, vault.base_url) if isinstance(address, str) else None
    return code if code and _CODE.fullmatch(code) else None


def code_in(address: str, base_url: str) -> str | None:
    """The code in the address of a public check of ours; None for any other text."""
    start = f"{base_url}/v1/verifications/"
    return address.removeprefix(start) if address.startswith(start) else None


def _read(text: str) -> _Held | None:
    return _of_json(text) or _of_token(text.strip())


def _of_json(text: str) -> _Held | None:
    doubled = False

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal doubled
        made = dict(pairs)
        doubled = doubled or len(made) < len(pairs)
        return made

    try:
        document = json.loads(text, object_pairs_hook=members)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or _is_deep(document):
        return None
    return _Held(document, ambiguous=doubled)


def _of_token(text: str) -> _Held | None:
    """What a VC-JWT claims, whoever signed it."""
    parts = text.split(".")
    if len(parts) != 3:  # noqa: PLR2004  head, claims and signature
        return None
    try:
        claims = base64.urlsafe_b64decode(parts[1] + "==").decode()
    except ValueError:
        return None
    held = _of_json(claims)
    return replace(held, token=text) if held else None


def _is_deep(document: dict[str, Any]) -> bool:
    """Whether more than DEEPEST objects and lists stand within one another; not by recursion, which ends."""
    level: list[Any] = [document]
    for _ in range(DEEPEST):
        inner = (one.values() if isinstance(one, dict) else one for one in level)
        level = [value for values in inner for value in values if isinstance(value, dict | list)]
    return bool(level)
