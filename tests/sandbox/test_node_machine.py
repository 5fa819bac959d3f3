"""What is read from the machine: ports, routes, mounts, firewall rules."""

from __future__ import annotations

import ipaddress
from pathlib import Path

from sandbox.node import firewall, mounts, network, ports
from sandbox.node.firewall import Leftovers
from sandbox.node.ports import Listener

TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:305B 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1
   1: 00000000:4F1B 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 222 1
   2: 0100007F:4F21 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 333 1
   3: 3500007F:0035 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 444 1
"""
TCP6 = """\
  sl  local_address                         remote_address                        st
   0: 00000000000000000000000000000000:4F1A 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 5
"""


def test_listening_sockets_are_read_and_connections_are_not() -> None:
    assert ports.listeners([TCP]) == [
        Listener("127.0.0.1", 12379, "111"),
        Listener("0.0.0.0", 20251, "222"),
        Listener("127.0.0.53", 53, "444"),
    ]


def test_a_listener_on_any_address_is_in_the_way_and_one_on_another_is_not() -> None:
    found = [
        Listener("::", 20250, "1"),
        Listener("127.0.0.1", 12379, "2"),
        Listener("127.0.0.53", 53, "3"),
        Listener("192.168.0.1", 16443, "4"),
    ]
    assert [(name, taken.inode) for name, taken in ports.conflicts(found)] == [
        ("etcd clients", "2"),
        ("kubelet", "1"),
    ]


def test_a_listener_on_all_ipv6_addresses_is_read() -> None:
    assert [(item.host, item.port) for item in ports.listeners([TCP6])] == [("::", 20250)]


def test_routes_are_read_but_for_the_default_one() -> None:
    table = (
        "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
        "eth0\t00000000\t0100A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
        "eth0\t0000A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
        "tun0\t0000FA0A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n"
    )
    assert network.routes(table) == [
        ("eth0", ipaddress.IPv4Network("192.168.0.0/24")),
        ("tun0", ipaddress.IPv4Network("10.250.0.0/16")),
    ]


def test_mounts_below_a_folder_are_found_latest_first() -> None:
    table = (
        "1 0 8:1 / / rw - ext4 /dev/sda rw\n"
        "2 1 0:5 / /run/box rw - tmpfs tmpfs rw\n"
        "3 2 0:6 / /run/box/a\\040b rw - tmpfs tmpfs rw\n"
        "4 1 0:7 / /run/boxes rw - tmpfs tmpfs rw\n"
    )
    found = mounts.below([Path("/run/box")], table)
    assert found == [Path("/run/box/a b"), Path("/run/box")]


SAVED = """\
*filter
:INPUT ACCEPT [0:0]
:DOCKER - [0:0]
:KUBE-FORWARD - [0:0]
-A INPUT -s 10.0.0.0/8 -j DROP
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -i flinksb1 -m comment --comment flink-components-sandbox -j ACCEPT
-A FORWARD -j DOCKER
-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT
COMMIT
*nat
:CNI-aaa - [0:0]
:CNI-bbb - [0:0]
-A POSTROUTING -s 10.251.0.2 -m comment --comment "name: \\"flink-sandbox\\" id: \\"1\\"" -j CNI-aaa
-A POSTROUTING -s 10.88.0.2/32 -m comment --comment "name: \\"podman\\" id: \\"2\\"" -j CNI-bbb
-A CNI-aaa -d 10.251.0.0/16 -m comment --comment "name: \\"flink-sandbox\\" id: \\"1\\"" -j ACCEPT
-A CNI-bbb -d 10.88.0.0/16 -m comment --comment "name: \\"podman\\" id: \\"2\\"" -j ACCEPT
COMMIT
"""


def test_only_the_nodes_own_rules_and_chains_are_found() -> None:
    assert firewall.find(SAVED) == [
        Leftovers(
            "filter",
            (
                '-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD',
                "-A FORWARD -i flinksb1 -m comment --comment flink-components-sandbox -j ACCEPT",
            ),
            ("KUBE-FORWARD",),
        ),
        Leftovers(
            "nat",
            (
                "-A POSTROUTING -s 10.251.0.2 -m comment "
                '--comment "name: \\"flink-sandbox\\" id: \\"1\\"" -j CNI-aaa',
            ),
            ("CNI-aaa",),
        ),
    ]
