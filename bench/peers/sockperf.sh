#!/bin/sh
# sockperf's own server, which answers only what its own client would send.
#
#   sockperf.sh [--scheme udp|tcp] --host 127.0.0.1 --port 0
scheme=tcp
[ "$1" = --scheme ] && scheme=$2 && shift 2
. "$(dirname "$0")/flags.sh"

say_when is_bound "$scheme" &

exec sockperf server -i "$host" -p "$port" $([ "$scheme" = tcp ] && echo --tcp) >&2
