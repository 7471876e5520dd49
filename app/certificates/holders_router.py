"""HTTP for the holder of a certificate: open to whoever has the personal link."""

from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Header, Path, Response
from fastapi.responses import HTMLResponse

from app.certificates import holders, page, pdf
from app.certificates.schemas import HolderPage
from app.core.http.accept import ForPeople, or_page
from app.core.http.answers import problems, spoken
from app.core.http.dependencies import Db
from app.core.language import preferred
from app.core.problems import InvalidInput, NotFound
from app.credentials.media import CREDENTIAL, TOKEN
from app.identity.access import PUBLIC_ON_REGISTER
from app.registrations.dependencies import Linking

router = APIRouter(prefix="/v1/holder-pages", tags=["certificates"])

HolderToken = Annotated[
    str, Path(alias="holderToken", max_length=200, description="the last part of the personal link")
]
Number = Annotated[str, Path(pattern=r"^[A-Z]{1,10}-\d{4}-\d{6,9}$", examples=["CCVO-2022-000001"])]
PDF: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}}
}


@router.get(
    "/{holderToken}",
    dependencies=[PUBLIC_ON_REGISTER],
    response_model=HolderPage,
    summary="Open a holder's own page",
    operation_id="getHolderPage",
    responses=or_page(problems(InvalidInput, NotFound), 200),
)
async def get_holder_page(
    token: HolderToken,
    db: Db,
    links: Linking,
    for_people: ForPeople,
    accept_language: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Response:
    """The certificates that somebody holds, with where to download each form: JSON, or a page by `Accept`."""
    found = await holders.read(db, links, token)
    if not for_people:
        return Response(found.model_dump_json(), media_type="application/json", headers={"Vary": "Accept"})
    language = preferred(accept_language, default="nl")
    headers = {"Content-Security-Policy": page.policy(), "Vary": "Accept"}
    return spoken(HTMLResponse(page.of_holder(found, language), headers=headers), language)


@router.get(
    "/{holderToken}/certificates/{number}/pdf",
    dependencies=[PUBLIC_ON_REGISTER],
    summary="Download your certificate",
    operation_id="getHeldPdf",
    response_class=Response,
    responses={**PDF, **problems(InvalidInput, NotFound)},
)
async def get_held_pdf(token: HolderToken, number: Number, db: Db, links: Linking) -> Response:
    """The certificate as a PDF."""
    rendered = await to_thread.run_sync(pdf.render, await holders.sheet(db, links, token, number))
    return _file(rendered, "application/pdf", f"{number}.pdf")


@router.get(
    "/{holderToken}/certificates/{number}/credential",
    dependencies=[PUBLIC_ON_REGISTER],
    summary="Download your Open Badge",
    operation_id="getHeldCredential",
    response_class=Response,
    responses={
        200: {"content": {CREDENTIAL: {"schema": {"type": "object"}}}},
        **problems(InvalidInput, NotFound),
    },
)
async def get_held_credential(token: HolderToken, number: Number, db: Db, links: Linking) -> Response:
    """The certificate as an Open Badge 3.0, JSON with a proof."""
    signed = await holders.credential(db, links, token, number, as_token=False)
    return _file(signed, CREDENTIAL, f"{number}.json")


@router.get(
    "/{holderToken}/certificates/{number}/token",
    dependencies=[PUBLIC_ON_REGISTER],
    summary="Download your Open Badge as a token",
    operation_id="getHeldToken",
    response_class=Response,
    responses={200: {"content": {TOKEN: {"schema": {"type": "string"}}}}, **problems(InvalidInput, NotFound)},
)
async def get_held_token(token: HolderToken, number: Number, db: Db, links: Linking) -> Response:
    """The certificate as an Open Badge 3.0, as a VC-JWT."""
    return _file(await holders.credential(db, links, token, number, as_token=True), TOKEN, f"{number}.jwt")


def _file(content: bytes | str, media_type: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=media_type, headers=headers)
