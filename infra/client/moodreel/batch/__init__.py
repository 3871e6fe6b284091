"""Runs a recipe on many files: resumable, within the limits of the account, with one summary."""

from moodreel.batch.items import BatchItem, find_items
from moodreel.batch.run import Batch, ItemProgress
from moodreel.batch.state import FolderInUse, ItemRecord, ItemState
from moodreel.batch.summary import BatchSummary, write_summary

__all__ = [
    "Batch",
    "BatchItem",
    "BatchSummary",
    "FolderInUse",
    "ItemProgress",
    "ItemRecord",
    "ItemState",
    "find_items",
    "write_summary",
]
