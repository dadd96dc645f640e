"""What a benchmark ran on."""

import os
import platform
import tempfile
import time

import deadlines


def machine():
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), "?")
    with open("/proc/meminfo") as file:
        memory = int(file.readline().split()[1]) * 1024
    return {"cpu": model, "cores": os.cpu_count(), "memory_bytes": memory, "kernel": platform.release(),
            "mariadb": deadlines.run(["mariadbd", "--version"], "mariadbd --version", 20).stdout.strip(),
            "sysbench": deadlines.run(["sysbench", "--version"], "sysbench --version", 20).stdout.strip(),
            "fsync_seconds": fsync_seconds()}


def fsync_seconds():
    """Median of fdatasync after a write of 4 KiB, where the servers keep their data."""
    times = []
    with tempfile.TemporaryFile() as file:
        for _ in range(100):
            os.write(file.fileno(), b"x" * 4096)
            start = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - start)
    return sorted(times)[50]
