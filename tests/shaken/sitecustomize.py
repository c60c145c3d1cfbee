"""Shakes processes that tests start under ``pytest --shake``: see shake.py beside this file."""

import os

if os.environ.get("REPLICA_SHAKE"):
    import shake

    shake.install(int(os.environ["REPLICA_SHAKE"]))
