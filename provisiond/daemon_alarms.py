"""Who hears of an alarm? The journal, the security log, a counter and, where one is set, a webhook.

An alarm is a journal entry that a person should look at: a held enrolment, a sweep.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

from provisiond.actions.alarm_posts import AlarmPosts
from provisiond.actions.refusal_lines import RefusalLines
from provisiond.inventory.journal import RequestEntry
from provisiond.logs import SecurityLog
from provisiond.outbound.alarm_webhook import AlarmWebhook, alarm_body
from provisiond.settings_sections import Alarms as AlarmSettings
from provisiond.store.database import Database
from provisiond.store.journal import JournalWriter


class Alarms:
    """Takes the journal's entries for its `writer`, and hands alarms on; `counts` is by kind, since
    the start."""

    def __init__(self, settings: AlarmSettings, database: Database, security: SecurityLog) -> None:
        is_posted = settings.webhook is not None
        self.writer = JournalWriter(database, alarm_body=alarm_body if is_posted else None)
        self.lines = RefusalLines(self.writer.add)
        self._security = security
        self.posts: AlarmPosts | None = None
        if settings.webhook is not None:
            webhook = AlarmWebhook(settings.webhook, settings.webhook_secret)
            self.posts = AlarmPosts(database, webhook, self.writer.alarmed)
        self.counts: Counter[str] = Counter(enrolment_held=0, sweep=0)

    def journal(self, entry: RequestEntry) -> None:
        """Journal an entry, or count it where refusals had their share. Returns at once."""
        self.lines.add(entry)
        if entry.alarm:
            self.counts[entry.outcome] += 1
            self._security.alarm(entry)

    def jobs(self) -> Sequence[Callable[[], Awaitable[None]]]:
        """What runs beside the listeners."""
        return (self.posts.run,) if self.posts is not None else ()
