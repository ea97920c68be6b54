"""Pages of invoices for tests of how they are rendered."""

from dataclasses import replace

from api.invoices.document.page import Entry, InvoicePage, Line, Party, Proof, Step, Sum

TOKENS = Line(
    description="Tokens",
    period="1 Jan 2026 – 31 Jan 2026",
    quantity="250,000",
    unit_price="graduated tiers / month",
    amount="US$1,085.01",
    notes=("1,204 meter events.",),
    steps=(
        Step("Included units", "1,000 of 250,000 cost nothing", "US$0.00"),
        Step("Units up to 100,000", "100,000 × US$0.005 + US$10.00 flat", "US$510.00"),
        Step("Units above 100,000", "149,000 × US$0.0038590973", "US$575.0054977"),
        Step(
            "Rounding",
            "from US$1,085.0054977 to US$1,085.01, a half away from zero",
            "US$0.0045023",
        ),
    ),
)

SEATS = Line(
    description="Seat",
    period="17 Jan 2026, 09:30 – 1 Feb 2026, 00:00 UTC",
    quantity="3",
    unit_price="US$20.00 / month",
    amount="US$28.27",
    notes=("Prorated.",),
    steps=(
        Step("Unit price", "3 × US$20.00", "US$60.00"),
        Step(
            "Proration",
            "US$60.00 × 1,261,800 s ÷ 2,678,400 s = US$28.26612903225806",
            "−US$31.73387096774194",
        ),
        Step(
            "Rounding",
            "from US$28.26612903225806 to US$28.27, a half away from zero",
            "US$0.00387096774194",
        ),
    ),
)

LATE = Line(
    description="Tokens, late usage",
    period="1 Dec 2025 – 31 Dec 2025",
    quantity="40",
    unit_price="",
    amount="US$0.20",
    notes=("Usage of 1 Dec 2025 – 31 Dec 2025 that arrived after invoice ADA-0001 was issued.",),
)

PAGE = InvoicePage(
    title="Invoice ADA-0002 from Hypernian",
    heading="Invoice ADA-0002",
    status="Open",
    standing="To be paid by 3 March 2026.",
    mark="",
    seller=Party("Hypernian"),
    customer=Party("Ada Lovelace", ("12 St James’s Square", "London SW1Y 4JH", "GB")),
    facts=(
        Entry("Invoice number", "ADA-0002"),
        Entry("Issued", "1 February 2026", "2026-02-01T01:00:00Z"),
        Entry("Due", "3 March 2026", "2026-03-03T01:00:00Z"),
        Entry("Period", "1 Jan 2026 – 31 Jan 2026"),
    ),
    headline=Sum("Amount due", "US$1,198.40"),
    lines=(TOKENS, SEATS, LATE),
    sums=(
        Sum("Subtotal", "US$1,113.48"),
        Sum("Discount: Launch, 10 % off", "−US$111.35"),
        Sum("Total excluding tax", "US$1,002.13"),
        Sum("VAT 20 %", "US$200.43", note="on US$1,002.13"),
        Sum("Duty 1 %, included in the prices", "US$9.92", "memo", "on US$992.21"),
        Sum("Total", "US$1,202.56", "total"),
        Sum("Customer credit applied", "−US$4.16"),
        Sum("Amount due", "US$1,198.40", "total"),
    ),
    notes=("Thank you for your business.",),
    footer="Registered in England, 1234567.",
    proof=Proof(
        through_position="1234",
        engine_version="2",
        document_sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        command="tallybook invoice replay in_test_1",
        request="GET /audit/v1/invoices/in_test_1/replay",
    ),
    stamped_at=1_769_907_600,
)

HOSTILE = '</td><script>alert("x")</script><img src=x onerror=alert(1)> #eval("1+1") \\ $x$ [*_`@<'


def hostile_page() -> InvoicePage:
    """A page on which everything that someone may have typed tries to be markup."""
    line = replace(TOKENS, description=HOSTILE, notes=(HOSTILE,))
    return replace(
        PAGE,
        title=HOSTILE,
        heading=HOSTILE,
        seller=Party(HOSTILE),
        customer=Party(HOSTILE, (HOSTILE,)),
        facts=(Entry(HOSTILE, HOSTILE),),
        lines=(line,),
        sums=(Sum(HOSTILE, "US$1.00", note=HOSTILE),),
        notes=(HOSTILE,),
        footer=HOSTILE,
    )


def long_page() -> InvoicePage:
    """A page of a hundred lines."""
    return replace(PAGE, lines=tuple(replace(TOKENS, quantity=f"{n}") for n in range(100)))
