#!/bin/sh
# nginx with one answer, as the other servers of the benchmark are started.
#
#   nginx.sh --host 127.0.0.1 --port 0
. "$(dirname "$0")/flags.sh"

folder=$(dirname "$0")/../build/nginx
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)

# One process, so that it is the one that is measured.
cat >"$folder/$port.conf" <<CONF
daemon off;
master_process off;
worker_processes 1;
pid $folder/$port.pid;
error_log stderr crit;
events {
  worker_connections 20000;
}
http {
  access_log off;
  keepalive_requests 1000000000;
  default_type text/plain;
  client_body_temp_path $folder/temp;
  proxy_temp_path $folder/temp;
  fastcgi_temp_path $folder/temp;
  uwsgi_temp_path $folder/temp;
  scgi_temp_path $folder/temp;
  server {
    listen $host:$port backlog=4096;
    location /hello {
      return 200 'hello';
    }
  }
}
CONF

say_when listens &

exec nginx -p "$folder" -c "$folder/$port.conf"
