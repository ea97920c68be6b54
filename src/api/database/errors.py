"""Why no database can be had, each as a sentence for the person who started the program."""


class DatabaseError(Exception):
    """Base: the database cannot be used as things stand."""


class FolderRefused(DatabaseError):
    """The data folder cannot hold the embedded PostgreSQL; the message names folder and reason."""


class ServerFailed(DatabaseError):
    """PostgreSQL did not start or stop; the message ends with the last lines of its log."""
