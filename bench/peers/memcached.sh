#!/bin/sh
# memcached as the other servers of the benchmark are started.
#
#   memcached.sh --host 127.0.0.1 --port 0
. "$(dirname "$0")/flags.sh"

say_when listens &

# It refuses to be root without being told who else to be.
user=$([ "$(id -u)" = 0 ] && echo "-u nobody")

# -t: one worker. -R: requests of one connection before the next one's turn, where 20 would cost those that pipeline more a
# turn of the loop each.
exec memcached -l "$host" -p "$port" -U 0 -t 1 -b 4096 -c 20000 -R 1000 $user
