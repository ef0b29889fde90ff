"""provisiond: desk phones fetch their configuration here, rendered from one inventory."""

__version__ = "0.1.0"
