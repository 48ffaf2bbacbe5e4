"""What can go wrong in serving, a branch of `features.errors.TapewatchError`.

TapewatchError
├── StoreError
│   ├── AlertNotFoundError      no alert has this id
│   ├── SymbolNotFoundError     nobody has traded this symbol
│   ├── LifeCycleError          an alert cannot go from its status to the one asked for
│   ├── StoreUnreachableError   the database does not answer
│   └── JournalDamagedError     acknowledged events cannot be read back
├── RequestError                a request holds something that must be otherwise; names the field
├── JobRefusedError             a job cannot be done as asked; the text says why
├── JobUnavailableError         a job took too long, or waited too long for another one
├── JobFailedError              a job's process ended without a result
├── SourceError                 an exchange, or a market of it, cannot be read as asked
├── EngineUnavailableError      the engine does not answer (it is starting, or gone)
│   └── EngineBusyError         it has more to do than it takes on; says when to send again
├── EngineFailedError           the engine could not take a batch, and kept nothing of it
├── FeedsUnavailableError       the feeds process does not answer (it is starting, or gone)
├── NotMonitoredError           this market is not monitored
└── CanaryWaitsError            a canary cannot be sent yet; says when
"""

from __future__ import annotations

from features.errors import StoreError, TapewatchError


class AlertNotFoundError(StoreError):
    """No alert has this id."""


class SymbolNotFoundError(StoreError):
    """Nobody has traded this symbol."""


class LifeCycleError(StoreError):
    """An alert cannot go from its status to the one asked for."""


class StoreUnreachableError(StoreError):
    """The database of the alert store does not answer."""


class JournalDamagedError(StoreError):
    """Acknowledged events cannot be read back."""


class RequestError(TapewatchError):
    """A request holds something that must be otherwise.

    Attributes:
        field: Path of the field in the request, such as `trades[3].price`.
        must_be: The rule it breaks.
        was: What was there instead, shortened; None where nothing was.
    """

    def __init__(self, field: str, must_be: str, was: object = None) -> None:
        self.field = field
        self.must_be = must_be
        self.was = None if was is None else str(was)[:200]
        super().__init__(f"{field} must be {must_be}" + ("" if was is None else f", was {self.was}"))


class JobRefusedError(TapewatchError):
    """A job cannot be done as asked: its data cannot be read, or its parameters do not fit them."""


class JobUnavailableError(TapewatchError):
    """A job took too long and was ended, or waited too long for another one."""


class JobFailedError(TapewatchError):
    """A job's process ended without a result, or what it needs of the server cannot be had."""


class SourceError(TapewatchError):
    """An exchange, or a market of it, cannot be read as asked; the text says what can."""


class EngineUnavailableError(TapewatchError):
    """The engine does not answer: it is starting, or gone and about to be restarted."""


class EngineBusyError(EngineUnavailableError):
    """The engine has more to do than it takes on; nothing of the batch was kept.

    Attributes:
        retry_after_s: After how many seconds to send it again.
    """

    def __init__(self, retry_after_s: float) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(f"the engine must catch up first; send again in {retry_after_s:g} s")


class EngineFailedError(TapewatchError):
    """The engine could not take a batch, and kept nothing of it."""


class FeedsUnavailableError(TapewatchError):
    """The feeds process does not answer: it is starting, or gone and about to be restarted."""


class NotMonitoredError(TapewatchError):
    """This market is not monitored."""


class CanaryWaitsError(TapewatchError):
    """A canary cannot be sent yet: its market's time is not past the one before."""
