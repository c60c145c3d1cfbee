"""Results as tables, and as files that explain themselves."""

from replica.table.table import SUFFIXES, Table, check_writable, provenance

__all__ = ["SUFFIXES", "Table", "check_writable", "provenance"]
