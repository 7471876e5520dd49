"""The check of a credential or a PDF that somebody holds: whether it is ours, unaltered, and still counts."""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

import jwt
from anyio import to_thread
from sqlmodel.ext.asyncio.session import AsyncSession

from app.certificates import pdf
from app.certificates import service as certificates
from app.certificates.schemas import CheckRead, CheckVerdict
from app.core.problems import Fault, InvalidInput, NotFound
from app.credentials import did, keys, proofs
from app.credentials.keys import Vault

DEEPEST = 50  # objects and lists within one another
LONGEST_TEXT = 100_000  # characters of a credential
_UNKNOWN = CheckRead(verdict=CheckVerdict.UNKNOWN, certificate=None, as_issued=None)
_ALTERED = CheckRead(verdict=CheckVerdict.ALTERED, certificate=None, as_issued=None)


@dataclass(frozen=True)
class _Held:
    """A credential as somebody holds it: the document, and whether a key of ours signed just this."""

    document: dict[str, Any]
    genuine: bool


async def check_text(db: AsyncSession, vault: Vault, text: str) -> CheckRead:
    """Check a credential, as JSON or as a VC-JWT; InvalidInput for what is neither, or too long for one."""
    signers = await _keys(db, vault)
    held = (_of_json(text, signers) or _of_token(text, signers)) if len(text) <= LONGEST_TEXT else None
    if held is None:
        detail = "This is neither a credential in JSON nor a VC-JWT."
        raise InvalidInput([Fault(pointer="#/credential", code="no-credential", detail=detail)])
    return await _judged(db, vault, held)


async def check_pdf(db: AsyncSession, vault: Vault, text: str) -> CheckRead:
    """Check a certificate's PDF, in base64, by the credential in it, and whether the whole is as issued."""
    try:
        return await _of_pdf(db, vault, base64.b64decode(text, validate=True))
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
    signers = await _keys(db, vault)
    for one in attached:
        held = _of_json(one, signers)
        judged = await _judged(db, vault, held) if held else _UNKNOWN
        if held and judged.certificate:
            sheet = await certificates.sheet_of_code(db, _code(vault, held.document) or "", vault.base_url)
            as_issued = pdf.may_be_as_issued(content) and (
                await to_thread.run_sync(pdf.render, sheet) == content
            )
            return judged.model_copy(update={"as_issued": as_issued})
        if judged.verdict is not CheckVerdict.UNKNOWN:
            return judged
    return _UNKNOWN


async def _keys(db: AsyncSession, vault: Vault) -> dict[str, bytes]:
    return {did.method(vault.did, key): key for key in await keys.published(db)}


async def _judged(db: AsyncSession, vault: Vault, held: _Held) -> CheckRead:
    """What the register says of a credential; of one that was altered nothing but that."""
    code = _code(vault, held.document)
    try:
        known = await certificates.verify(db, code) if code else None
    except NotFound:
        known = None
    if known is None:
        return _UNKNOWN
    if not held.genuine:
        return _ALTERED
    return CheckRead(verdict=CheckVerdict(known.status), certificate=known, as_issued=None)


def _code(vault: Vault, document: dict[str, Any]) -> str | None:
    """The code in the address that a credential has for its id, when that is ours."""
    address = document.get("id")
    return code_in(address, vault.base_url) if isinstance(address, str) else None


def code_in(address: str, base_url: str) -> str | None:
    """The code in the address of a public check of ours; None for any other text."""
    start = f"{base_url}/v1/verifications/"
    return address.removeprefix(start) if address.startswith(start) else None


def _of_json(text: str, signers: dict[str, bytes]) -> _Held | None:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or _depth(document) > DEEPEST:
        return None
    found = document.pop("proof", [])
    listed = found if isinstance(found, list) else [found]
    genuine = any(
        proofs.holds(document, proof, signers[proof["verificationMethod"]])
        for proof in listed
        if isinstance(proof, dict) and proof.get("verificationMethod") in signers
    )
    return _Held(document, genuine)


def _of_token(text: str, signers: dict[str, bytes]) -> _Held | None:
    try:
        kid = jwt.get_unverified_header(text.strip()).get("kid")
        document = jwt.decode(text.strip(), options={"verify_signature": False})
    except (jwt.InvalidTokenError, RecursionError):
        return None
    if kid not in signers:
        return _Held(document, genuine=False)
    key = jwt.PyJWK(proofs.jwk(kid, signers[kid]))
    try:
        jwt.decode(text.strip(), key, algorithms=["EdDSA"], options={"verify_nbf": False})
    except jwt.InvalidTokenError:
        return _Held(document, genuine=False)
    return _Held(document, genuine=True)


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    return 1 + max(map(_depth, value), default=0) if isinstance(value, list) else 0
