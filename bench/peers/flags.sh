# Read by the servers that are no programs of ours: --host and --port, and a free port in place of 0, which they do not
# take or do not tell.
host=127.0.0.1
port=0
while [ $# -gt 1 ]; do
  case $1 in
    --host) host=$2 ;;
    --port) port=$2 ;;
  esac
  shift 2
done
if [ "$port" = 0 ]; then
  port=$(node -e "const s = require('net').createServer().listen(0, '$host', () => { console.log(s.address().port); s.close() })")
fi

# is_bound tcp|udp: whether a socket listens on the port. Nothing connects: some servers take the first for their client.
is_bound() {
  hex=$(printf '%04X' "$port")
  case $1 in
    tcp) grep -q ":$hex 00000000:0000 0A " /proc/net/tcp ;;
    udp) grep -q ":$hex 00000000:0000 07 " /proc/net/udp ;;
  esac
}

# say_when COMMAND…: prints where the server listens, once the command succeeds. To be run beside the server, which takes
# the place of the shell: its process is the one that is measured.
say_when() {
  until "$@" >/dev/null 2>&1; do
    kill -0 $$ 2>/dev/null || exit
    sleep 0.02
  done
  echo "listening on ${scheme:-tcp}://$host:$port"
}

# For say_when: somebody accepts.
listens() {
  node -e "require('net').connect($port, '$host').on('connect', () => process.exit(0)).on('error', () => process.exit(1))"
}
