"""Django's sessions in the database, read by a statement that is made once: every request of everybody reads one."""

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.utils import timezone

from damage.statements import Lookup

_SESSIONS = Lookup(Session, "session_key")


class SessionStore(db.SessionStore):
    """A session's row."""

    def _get_session_from_db(self) -> Session | None:
        if self.session_key:
            session = _SESSIONS.find(session_key=self.session_key)
            if session is not None and session.expire_date > timezone.now():
                return session
        self._session_key = None
        return None

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session
