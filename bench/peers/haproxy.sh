#!/bin/sh
# HAProxy with one answer, as the other servers of the benchmark are started.
#
#   haproxy.sh --host 127.0.0.1 --port 0
. "$(dirname "$0")/flags.sh"

folder=$(dirname "$0")/../build/haproxy
mkdir -p "$folder"
cat >"$folder/$port.cfg" <<CONF
global
  nbthread 1
  maxconn 9000
defaults
  mode http
  maxconn 9000
  timeout client 60s
  timeout server 60s
  timeout connect 5s
  no log
frontend hello
  bind $host:$port backlog 4096
  http-request return status 200 content-type text/plain string hello if { path /hello }
  http-request return status 404
CONF

say_when node -e "require('net').connect($port, '$host').on('connect', () => process.exit(0)).on('error', () => process.exit(1))" &

exec haproxy -db -f "$folder/$port.cfg"
