"""An invoice as a document that can be sent: one page in HTML, or the same as a PDF."""
