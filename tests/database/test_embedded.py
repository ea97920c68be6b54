"""The embedded PostgreSQL: where it can live, who shares it, what it survives."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from api.database.embedded import Embedded
from ledger.kernel.clock import monotonic
from tests.database.conftest import Client
from tests.support.folders import reachable_folder

StartClient = Callable[[Path], Client]


def execute(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def postmaster(embedded: Embedded) -> int:
    return int((embedded.layout.data / "postmaster.pid").read_text().split("\n")[0])


def is_serving(embedded: Embedded) -> bool:
    try:
        return execute(embedded.app_url, "SELECT 1") == [(1,)]
    except psycopg.OperationalError:
        return False


def wait_until_serving(embedded: Embedded, seconds: float = 30) -> None:
    give_up = monotonic() + seconds
    while not is_serving(embedded):
        assert monotonic() < give_up, "the server did not come back"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def shared() -> Iterator[Embedded]:
    """One server for the tests that only look at it."""
    with reachable_folder() as folder, Embedded(folder) as embedded:
        yield embedded


@pytest.mark.parametrize(
    ("name", "socket_inside"),
    [
        ("it's a space and Äpfel 台帳", True),
        ("a space, Äpfel and 台帳", False),
        ("quotes ' and \" with $HOME `id` \\ %41", False),
        ("long/" + "folder" * 40, False),
    ],
)
def test_lives_in_a_folder_of_any_name(folder: Path, name: str, socket_inside: bool) -> None:
    with Embedded(folder / name) as embedded:
        assert execute(embedded.app_url, "SELECT current_user::text") == [("tallybook_app",)]
        assert execute(embedded.owner_url, "SELECT current_user::text") == [("tallybook_owner",)]
        layout = embedded.layout
        assert layout.data.is_relative_to(folder / name)
        assert layout.socket.is_relative_to(folder / name) is socket_inside
        assert layout.socket.stat().st_mode & 0o777 == 0o700
    assert not is_serving(embedded)
    assert socket_inside or not layout.runtime.exists()


def test_a_plain_name_keeps_the_socket_inside_the_data_folder(shared: Embedded) -> None:
    assert shared.layout.socket.parent == shared.layout.data.parent


def test_acknowledges_only_what_is_on_disk_and_listens_on_its_socket_alone(
    shared: Embedded,
) -> None:
    expected = {
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "data_checksums": "on",
        "listen_addresses": "",
        "unix_socket_permissions": "0700",
    }
    names = ", ".join(f"current_setting('{name}')" for name in expected)
    assert execute(shared.app_url, f"SELECT {names}") == [tuple(expected.values())]


def test_the_roles_have_no_rights_over_the_server(shared: Embedded) -> None:
    rights = "SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls FROM pg_roles"
    for url in (shared.app_url, shared.owner_url):
        assert execute(url, f"{rights} WHERE rolname = current_user") == [(False,)]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        execute(shared.app_url, "CREATE TABLE public.mine ()")


def test_the_roles_may_leave_pages_uncompressed_and_no_more(shared: Embedded) -> None:
    for url in (shared.owner_url, shared.app_url):
        execute(url, "SET wal_compression = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            execute(url, "SET session_replication_role = replica")


def test_the_roles_of_an_earlier_release_get_their_new_rights(folder: Path) -> None:
    with Embedded(folder) as embedded:
        execute(
            embedded.admin_url,
            "REVOKE SET ON PARAMETER wal_compression FROM tallybook_owner, tallybook_app",
        )
        (embedded.layout.home / "roles-created").write_text("")
        with Embedded(folder) as later:
            execute(later.owner_url, "SET wal_compression = off")
            execute(later.app_url, "SET wal_compression = off")


def test_a_process_that_vanished_keeps_no_ledger_locked(shared: Embedded) -> None:
    names = (
        "current_setting('idle_in_transaction_session_timeout'), current_setting('lock_timeout')"
    )
    assert execute(shared.app_url, f"SELECT {names}") == [("30s", "10s")]
    assert execute(shared.owner_url, f"SELECT {names}") == [("0", "0")]


def test_nobody_is_let_in_without_a_password_or_can_read_it(shared: Embedded) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(f"host={shared.layout.socket} user=tallybook_app dbname=tallybook")
    secrets = list(shared.layout.home.glob("*.password"))
    assert len(secrets) == 3
    assert not any(secret.stat().st_mode & 0o077 for secret in secrets)


def test_keeps_what_was_committed_and_starts_again_in_under_three_seconds(folder: Path) -> None:
    with Embedded(folder) as embedded:
        execute(embedded.owner_url, "CREATE TABLE public.kept AS SELECT 7 AS n")
    started = monotonic()
    with Embedded(folder) as embedded:
        assert execute(embedded.owner_url, "SELECT n FROM public.kept") == [(7,)]
        assert monotonic() - started < 3


def test_the_last_process_to_leave_stops_the_server(
    folder: Path, another_process: StartClient
) -> None:
    other = another_process(folder)
    other.wait_until_started()
    with Embedded(folder) as embedded:
        server = postmaster(embedded)
        assert other.leave() == "left running"
        assert is_serving(embedded)
        assert postmaster(embedded) == server
        assert embedded.stop()
    assert not is_serving(embedded)


def test_two_processes_that_start_at_once_share_one_server(
    folder: Path, another_process: StartClient
) -> None:
    clients = [another_process(folder) for _ in range(2)]
    for client in clients:
        client.wait_until_started()
    assert [client.leave() for client in clients] == ["left running", "stopped"]


def test_a_killed_process_does_not_keep_the_server_running(
    folder: Path, another_process: StartClient
) -> None:
    starter = another_process(folder)
    starter.wait_until_started()
    with Embedded(folder) as embedded:
        starter.kill()
        assert is_serving(embedded)
        assert embedded.stop()
    assert not is_serving(embedded)


def test_a_server_whose_only_process_was_killed_is_taken_over(
    folder: Path, another_process: StartClient
) -> None:
    starter = another_process(folder)
    starter.wait_until_started()
    starter.kill()
    embedded = Embedded(folder).start()
    assert embedded.stop()
    assert not is_serving(embedded)


def test_a_killed_postmaster_is_started_again_with_all_that_was_committed(folder: Path) -> None:
    restarts: list[int] = []
    with Embedded(folder) as embedded:
        embedded.watch(lambda: restarts.append(postmaster(embedded)), seconds=0.05)
        execute(embedded.owner_url, "CREATE TABLE public.counted (n int)")
        for n in range(1, 4):
            execute(embedded.owner_url, f"INSERT INTO public.counted VALUES ({n})")
            # Its backends outlive a killed postmaster for a moment.
            busy = psycopg.connect(embedded.owner_url)
            busy.execute("SELECT 1")
            killed = postmaster(embedded)
            os.kill(killed, signal.SIGKILL)
            wait_until_serving(embedded)
            busy.close()
            assert execute(embedded.owner_url, "SELECT max(n) FROM public.counted") == [(n,)]
            assert postmaster(embedded) != killed
    assert len(restarts) == 3


def test_stop_ends_the_watch(folder: Path) -> None:
    embedded = Embedded(folder).start()
    watch = embedded.watch(seconds=0.01)
    assert embedded.stop()
    watch.join(timeout=10)
    assert not watch.is_alive()
    assert not is_serving(embedded)


def test_a_set_up_that_was_interrupted_begins_anew(folder: Path) -> None:
    unfinished = folder / "postgres" / "data.new"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    (folder / "postgres").chmod(0o711)
    with Embedded(folder) as embedded:
        assert is_serving(embedded)
        assert not unfinished.exists()
