"""Tables of threads."""

from pehra.threads.models.threads import Answer, Letter, Reply, Thread, ThreadQuerySet

__all__ = ["Answer", "Letter", "Reply", "Thread", "ThreadQuerySet"]
