#!/bin/sh
# redis-server as the other servers of the benchmark are started, with nothing kept on disk.
#
#   redis.sh --host 127.0.0.1 --port 0
host=127.0.0.1
port=0
while [ $# -gt 1 ]; do
  case $1 in
    --host) host=$2 ;;
    --port) port=$2 ;;
  esac
  shift 2
done

# Redis takes no port 0.
if [ "$port" = 0 ]; then
  port=$(node -e "const s = require('net').createServer().listen(0, '$host', () => { console.log(s.address().port); s.close() })")
fi

# Beside the server, which takes the place of this shell: its process is the one that is measured.
(
  until redis-cli -h "$host" -p "$port" ping >/dev/null 2>&1; do
    kill -0 $$ 2>/dev/null || exit
    sleep 0.02
  done
  echo "listening on tcp://$host:$port"
) &

exec redis-server --bind "$host" --port "$port" --save '' --appendonly no --io-threads 1 --loglevel warning
