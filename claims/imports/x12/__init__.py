"""X12 files: claims (837), remittances (835), acknowledgements (277CA, 999), versions 4010 and 5010."""

from .envelope import read_x12

__all__ = ["read_x12"]
