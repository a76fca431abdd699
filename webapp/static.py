"""Static files under names with their hash, ES modules included."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage


class ModuleManifestStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Rewrites ``import`` statements between scripts too, so that a page never mixes releases."""

    support_js_module_import_aggregation = True
