"""The configuration of the embedded PostgreSQL."""

from pathlib import Path

_SETTINGS = {
    # Nothing is acknowledged before it is on disk.
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    # Reached through a private Unix socket alone.
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "wal_buffers": "16MB",
    "wal_compression": "on",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
}


def render(socket: Path) -> str:
    """The text of `server.conf` for a server whose socket lies in `socket`."""
    settings = _SETTINGS | {"unix_socket_directories": str(socket)}
    return "".join(
        "{} = '{}'\n".format(name, value.replace("'", "''")) for name, value in settings.items()
    )
