"""The errors of Tapewatch, one tree.

    TapewatchError
    ├── TapeError             a file or folder cannot be read as a tape or dataset
    │   └── SchemaError       a table does not have the canonical columns
    │       └── RefusedRowsError  cells break their rule (`features.validation`)
    ├── ParameterError        parameters are unknown or out of range (all mistakes at once)
    │   └── RefusedParametersError  the same, mistake by mistake (`models.toml_tables`)
    ├── LeakError             parts of a split have something in common (`training.leaks`)
    ├── BundleError           a model bundle is damaged, or was made for other features
    ├── RegistryError         no such model, run or alias; or a promotion was refused
    └── StoreError            the alert store or the journal cannot do what was asked

"Nothing suspicious" and "too little data" are results, not errors.
"""


class TapewatchError(Exception):
    """Any failure that a user of Tapewatch can cause or must know of; its text is meant to be shown."""


class TapeError(TapewatchError):
    """A file or folder cannot be read as a tape or dataset."""


class SchemaError(TapeError):
    """A table does not have the canonical columns, or cells break their rule."""


class ParameterError(TapewatchError):
    """Parameters are unknown or out of range; the text lists every mistake."""


class BundleError(TapewatchError):
    """A model bundle is damaged, or was made for another feature schema."""


class RegistryError(TapewatchError):
    """No such model, run or alias; or a promotion was refused."""


class StoreError(TapewatchError):
    """The alert store or the journal cannot do what was asked."""
