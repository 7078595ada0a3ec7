#!/bin/sh
# redis-server as the other servers of the benchmark are started, with nothing kept on disk.
#
#   redis.sh --host 127.0.0.1 --port 0
. "$(dirname "$0")/flags.sh"

say_when redis-cli -h "$host" -p "$port" ping &

exec redis-server --bind "$host" --port "$port" --save '' --appendonly no --io-threads 1 --tcp-backlog 4096 \
  --maxclients 20000 --loglevel warning
