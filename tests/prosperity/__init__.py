"""Tests of the common-prosperity report."""
