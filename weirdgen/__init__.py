"""The logic of the study: what the thin scripts in `workflow/scripts/` call, importable in tests and notebooks."""
