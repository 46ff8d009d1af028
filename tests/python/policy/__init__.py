"""Judges rendered templates by checkers that know nothing of tarn; `scripts/policy` sets it up."""
