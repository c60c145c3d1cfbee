"""Plumbing: checks of arguments, random streams, BLAS threads, array files."""
