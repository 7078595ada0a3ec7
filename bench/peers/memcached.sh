#!/bin/sh
# memcached as the other servers of the benchmark are started.
#
#   memcached.sh --host 127.0.0.1 --port 0
. "$(dirname "$0")/flags.sh"

say_when listens &

# -t: one worker. -R: as many requests of one connection at a time as the others take; 20 else. -u: it refuses to be root
# without being asked.
exec memcached -l "$host" -p "$port" -U 0 -t 1 -b 4096 -c 20000 -R 1000 -u "$(id -un)"
