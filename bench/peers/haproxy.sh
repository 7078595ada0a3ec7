#!/bin/sh
# HAProxy with one answer of its own (http-request return), as the other servers of the benchmark are started.
#
#   haproxy.sh --host 127.0.0.1 --port 0
. "$(dirname "$0")/flags.sh"

folder=$(dirname "$0")/../build/haproxy
mkdir -p "$folder"

cat >"$folder/$port.cfg" <<CONF
global
  nbthread 1
defaults
  mode http
  no log
  timeout connect 5s
  timeout client 1m
  timeout server 1m
frontend hello
  bind $host:$port backlog 4096
  http-request return status 200 content-type text/plain string hello if { path /hello }
  http-request return status 404
CONF

say_when listens &

# In the foreground, and one process: -db.
exec haproxy -db -q -f "$folder/$port.cfg"
