"""`/v1/credit_notes`."""

from typing import Any

from api.credit_notes.objects import credit_note_object, line_objects
from api.credit_notes.params import (
    CreditNoteCreate,
    CreditNoteFields,
    CreditNoteLines,
    CreditNoteList,
    CreditNotePreview,
    CreditNotePreviewLines,
    CreditNoteUpdate,
    changes,
)
from api.credit_notes.requests import issue_request
from api.http.call import Call, View, bounds
from api.http.lists import ListParams, list_object, page_of
from api.http.openapi import Endpoint
from api.http.routes import NoParams, Resource, Route, query
from ledger.credit_notes.commands import IssueCreditNote, UpdateCreditNote, VoidCreditNote
from ledger.credit_notes.issuing import issue_credit_note
from projections.credit_notes.projection import issued
from projections.credit_notes.rows import CREDIT_NOTES, CreditNoteRow

TAG = "Credit notes"
RETURNS = "credit_note"
WHAT = "credit note"
NOTE = Resource(TAG, RETURNS, "cn")
LINE = Resource(TAG, "credit_note_line_item", "cnli")
ALL = "/v1/credit_notes"
ONE = f"{ALL}/{{credit_note:str}}"


def _create(call: Call[CreditNoteCreate]) -> IssueCreditNote:
    return issue_request(call.params)


def _update(call: Call[CreditNoteUpdate]) -> UpdateCreditNote:
    asked = call.params
    return UpdateCreditNote(
        credit_note=call.path["credit_note"], metadata=asked.metadata, **changes(asked)
    )


def _void(call: Call[NoParams]) -> VoidCreditNote:
    return VoidCreditNote(credit_note=call.path["credit_note"])


def _row(view: View, credit_note: str) -> CreditNoteRow:
    return view.rows.require(CREDIT_NOTES, WHAT, credit_note)


def one_credit_note(view: View, credit_note: str) -> dict[str, Any]:
    """A credit note by its id. Raises NotFound."""
    return credit_note_object(view, _row(view, credit_note))


def _list(call: Call[CreditNoteList]) -> dict[str, Any]:
    asked, view = call.params, call.view()
    where = {"customer": asked.customer, "invoice": asked.invoice}
    rows, more = call.reader().page(CREDIT_NOTES, asked, where, bounds(asked.created))
    return list_object(call.url, [credit_note_object(view, row) for row in rows], has_more=more)


def _lines(call: Call[CreditNoteLines]) -> dict[str, Any]:
    view = call.view()
    return _page(call, view, _row(view, call.path["credit_note"]))


def _page(call: Call[Any], view: View, row: CreditNoteRow) -> dict[str, Any]:
    asked: ListParams = call.params
    lines, more = page_of(asked, row.lines, lambda line: line.id)
    return list_object(call.url, line_objects(view, row, lines), has_more=more)


def _previewed(call: Call[Any], asked: CreditNoteFields) -> CreditNoteRow:
    """The row of a note that is decided and not recorded."""
    command = issue_request(asked)
    work = call.application.work(call.circumstances())
    return issued(command.credit_note, 0, issue_credit_note(work, command))


def _preview(call: Call[CreditNotePreview]) -> dict[str, Any]:
    return credit_note_object(call.view(), _previewed(call, call.params))


def _preview_lines(call: Call[CreditNotePreviewLines]) -> dict[str, Any]:
    return _page(call, call.view(), _previewed(call, call.params))


ROUTES: list[Route] = [
    NOTE.post(
        ALL,
        CreditNoteCreate,
        "Issue a credit note",
        _create,
        one_credit_note,
        "What remains to be paid of the invoice is lowered first. What exceeds it is credited to "
        "the customer's balance (`credit_amount`) or given back elsewhere (`out_of_band_amount`).",
    ),
    NOTE.page(ALL, CreditNoteList, "List credit notes", _list),
    query(
        Endpoint(
            method="GET",
            path=f"{ALL}/preview",
            params=CreditNotePreview,
            returns=RETURNS,
            summary="Preview a credit note",
            tag=TAG,
            description="Nothing is recorded.",
        ),
        _preview,
    ),
    LINE.page(f"{ALL}/preview/lines", CreditNotePreviewLines, "List its lines", _preview_lines),
    NOTE.retrieve(ONE, "Retrieve a credit note", one_credit_note),
    NOTE.post(
        ONE, CreditNoteUpdate, "Update a credit note's memo or metadata", _update, one_credit_note
    ),
    LINE.page(f"{ONE}/lines", CreditNoteLines, "List the lines of a credit note", _lines),
    NOTE.post(
        f"{ONE}/void",
        NoParams,
        "Void a credit note of an open invoice",
        _void,
        one_credit_note,
        "What remains to be paid of the invoice is raised again.",
    ),
]
