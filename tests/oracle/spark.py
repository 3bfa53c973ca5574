#!/usr/bin/env python3
"""A real Apache Spark Connect server on the loopback interface, for as long as it is needed.

    with RealSpark() as url: ...          # url is sc://127.0.0.1:PORT
    spark.py serve [--port 15002]         # by hand; ends with Ctrl-C

It runs with two threads and a small heap, and leaves nothing behind: warehouse and logs lie in a temporary folder.
"""
import argparse
import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

CLASS = "org.apache.spark.sql.connect.service.SparkConnectServer"
SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.connect.grpc.binding.address": "127.0.0.1",
    "spark.sql.shuffle.partitions": "4",
    "spark.sql.session.timeZone": "UTC",
}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_listening(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class RealSpark:
    """Starts the server on entering, stops it on leaving."""

    def __init__(self, port=None, memory="1g", cores=2, settings=None):
        self.port = port or free_port()
        self.memory, self.cores = memory, cores
        self.settings = {**SETTINGS, **(settings or {}), "spark.connect.grpc.binding.port": str(self.port)}
        self.folder = tempfile.TemporaryDirectory(prefix="real-spark-")

    def __enter__(self):
        import pyspark

        home = Path(pyspark.__file__).parent
        command = [str(home / "bin/spark-submit"), "--master", f"local[{self.cores}]", "--driver-memory", self.memory]
        for key, value in {**self.settings, "spark.sql.warehouse.dir": self.folder.name + "/warehouse"}.items():
            command += ["--conf", f"{key}={value}"]
        self.log = open(Path(self.folder.name) / "log", "w")
        environment = {**os.environ, "SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1", "TZ": "UTC"}
        self.process = subprocess.Popen(
            command + ["--class", CLASS], stdout=self.log, stderr=self.log, cwd=self.folder.name, env=environment
        )
        try:
            self.wait_until_ready()
        except BaseException:
            self.__exit__()
            raise
        return f"sc://127.0.0.1:{self.port}"

    def wait_until_ready(self):
        until = time.monotonic() + 300
        while not is_listening(self.port):
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError("Spark did not start:\n" + (Path(self.folder.name) / "log").read_text()[-3000:])
            time.sleep(0.2)

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        self.folder.cleanup()


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("command", choices=["serve"])
    arguments.add_argument("--port", type=int, default=15002)
    arguments.add_argument("--memory", default="1g")
    chosen = arguments.parse_args()
    with RealSpark(chosen.port, chosen.memory) as url:
        print(f"listening on {url}", flush=True)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            time.sleep(10**9)
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
