"""Records into rows: streaming, whole or not at all, and the same file twice adds nothing."""

from annotator.services.imports.files import import_file
from annotator.services.imports.records import import_records
from annotator.services.imports.report import ImportReport

__all__ = ["ImportReport", "import_file", "import_records"]
