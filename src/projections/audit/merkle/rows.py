"""Rows of a ledger's tree and of its signed checkpoints. Times are epoch seconds."""

from typing import Final

import msgspec

from projections.runtime.tables import Table


class TileRow(msgspec.Struct, frozen=True):
    """Up to 256 hashes of the tree, one after another (`ledger.audit.merkle.tiles`)."""

    level: int
    tile: int
    hashes: bytes


class CheckpointRow(msgspec.Struct, frozen=True):
    """A signed checkpoint. `sequence` is the position of the event that recorded it, `root` is in
    hex, `key` the public key that checks the note."""

    id: str
    sequence: int
    created: int
    size: int
    root: str
    note: str
    key: str


class SigningRow(msgspec.Struct, frozen=True):
    """When a ledger's next checkpoint is due: one row a ledger.

    `began` is the time of the first event, `closed_at` the position of the last one that closed a
    period, `signed_size` and `signed` are the last checkpoint's size and time; 0 before the first.
    """

    id: str
    began: int
    closed_at: int = 0
    signed_size: int = 0
    signed: int = 0


THE_ONE: Final = "signing"
"""The id of a ledger's row in SIGNING."""

TILES = Table(
    "merkle_tiles",
    TileRow,
    key=("level", "tile"),
    columns={"level": "integer", "tile": "bigint", "hashes": "bytea"},
    document=False,
)
CHECKPOINTS = Table(
    "signed_checkpoints",
    CheckpointRow,
    columns={"sequence": "bigint", "created": "bigint", "size": "bigint"},
    indexes=(("sequence",),),
)
SIGNING = Table(
    "checkpoint_signing",
    SigningRow,
    columns={
        "began": "bigint",
        "closed_at": "bigint",
        "signed_size": "bigint",
        "signed": "bigint",
    },
    document=False,
)


def checkpoint_id(size: int) -> str:
    """The id of the checkpoint of a size; there is only one."""
    return f"ckpt_{size}"
