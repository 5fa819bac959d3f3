"""What reads a kubeconfig is loaded late, by whichever thread needs it first."""

from __future__ import annotations

import subprocess
import sys

# One thread is held up on its way into the package, while another one needs a module in it: where
# that has its lock already, Python now and then ends one of the two by an error.
_TWO_THREADS = """
import sys, threading, time
from _frozen_importlib import _module_locks
from concurrent.futures import ThreadPoolExecutor
from importlib.machinery import PathFinder
from flink_components.kube.access import Access, AccessError, load_client
from flink_components.spec.connection import Connection

on_its_way = threading.Event()

def hold_up():
    on_its_way.set()
    end, loads_as_well = time.monotonic() + 1.0, False
    while time.monotonic() < end and not loads_as_well:
        loads_as_well = "kubernetes.client" in _module_locks or "kubernetes.client" in sys.modules
        time.sleep(0.01)
    print(loads_as_well)

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name != "kubernetes":
            return None
        spec = PathFinder.find_spec(name, path, target)
        load = spec.loader.exec_module
        spec.loader.exec_module = lambda module: (hold_up(), load(module))
        return spec

def open_api():
    access, connection = Access(), Connection(kubeconfig="/dev/null")
    on_its_way.wait(10)
    try:
        access.api(connection)
    except AccessError as error:
        print(error)

sys.meta_path.insert(0, Finder())
with ThreadPoolExecutor() as pool:
    for one in (pool.submit(load_client), pool.submit(open_api)):
        one.result()
"""


def test_of_two_threads_one_loads_it_for_both() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _TWO_THREADS], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.stdout.startswith("False\nthe kubeconfig /dev/null can't be used: ")


# A fork takes over what other threads have locked, and none of them is there to unlock it.
_FORKED = """
import os, signal
from flink_components.kube import access

access.load_client()
access._loading.acquire()
child = os.fork()
if not child:
    signal.alarm(10)
    access.load_client()
    os._exit(0)
print(os.waitpid(child, 0)[1])
"""


def test_a_forked_process_waits_for_no_thread_of_its_parent_once_it_is_there() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _FORKED], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("0\n", "")
