#!/bin/sh
# memcached as the other servers of the benchmark are started.
#
#   memcached.sh --host 127.0.0.1 --port 0
. "$(dirname "$0")/flags.sh"

say_when node -e "require('net').connect($port, '$host').on('connect', () => process.exit(0)).on('error', () => process.exit(1))" &

user=$([ "$(id -u)" = 0 ] && echo "-u nobody")
exec memcached -l "$host" -p "$port" -t 1 -b 4096 -c 16000 -m 512 $user
