"""Where records live: SQLAlchemy Core over SQLite, one writer, nothing that decides."""
