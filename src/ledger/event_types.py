"""Every event class of the ledger, by its stored topic."""

from ledger.accounts.events import EVENTS as ACCOUNTS
from ledger.meters.events import EVENTS as METERS
from ledger.store.catalogue import EventCatalogue
from ledger.store.upcasting import Upcasters

UPCASTERS = Upcasters()
"""Steps from released payloads to newer ones; stored bytes never change."""

EVENT_CATALOGUE = EventCatalogue((*ACCOUNTS, *METERS), UPCASTERS)
