"""What the kernel says of a process: CPU time and memory."""

import os

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    """User and system time of a process, all threads, finished children left out. proc(5), fields 14 and 15."""
    with open("/proc/%d/stat" % pid) as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def resident_peak_bytes(pid):
    """VmHWM: the most that was resident since the start, or since reset_resident_peak."""
    with open("/proc/%d/status" % pid) as file:
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


def reset_resident_peak(pid):
    with open("/proc/%d/clear_refs" % pid, "w") as file:
        file.write("5")
