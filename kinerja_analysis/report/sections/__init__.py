"""The sections of a region's page, one module each; each has functions from a ``View`` to blocks."""
