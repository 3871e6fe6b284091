"""The last seconds of a camera, from a keyframe on: the pre-roll of a recording."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from functions.recorder.packets import VIDEO, Packet
from shared.cameras.camera import MAX_PRE_ROLL_S

MAX_BYTES = 48 << 20


class PreRollBuffer:
    """Groups of packets, each beginning with a keyframe."""

    def __init__(self) -> None:
        self._groups: deque[list[Packet]] = deque()
        self._size_bytes = 0

    def add(self, packet: Packet) -> None:
        """Appends a packet, and drops groups beyond MAX_PRE_ROLL_S or MAX_BYTES."""
        if packet.is_keyframe and packet.track == VIDEO:
            self._groups.append([])
        if not self._groups:
            return
        self._groups[-1].append(packet)
        self._size_bytes += len(packet.data)
        while len(self._groups) > 1 and (
            self._groups[1][0].arrived_at <= packet.arrived_at - MAX_PRE_ROLL_S
            or self._size_bytes > MAX_BYTES
        ):
            self._size_bytes -= sum(len(dropped.data) for dropped in self._groups.popleft())
        if self._size_bytes > MAX_BYTES:
            # One group alone exceeds the limit: the next keyframe begins a new one.
            self.clear()

    def packets_since(self, moment: float) -> Iterator[Packet]:
        """Yields packets from the last keyframe that arrived by `moment`, or from the first
        one."""
        first = 0
        for number, group in enumerate(self._groups):
            if group[0].arrived_at <= moment:
                first = number
        for group in list(self._groups)[first:]:
            yield from group

    def clear(self) -> None:
        """Removes all packets: a new connection begins."""
        self._groups.clear()
        self._size_bytes = 0
