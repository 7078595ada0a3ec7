#!/bin/sh
# iperf3's own server.
#
#   iperf3.sh --host 127.0.0.1 --port 0
. "$(dirname "$0")/flags.sh"

say_when is_bound tcp &

exec iperf3 --server --bind "$host" --port "$port" >&2
