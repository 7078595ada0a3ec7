// Servers on Go's own net and net/http, as their documentation writes them; one processor, like all others.
//
//	go-server [--serve tcp|unix|udp|http] [--host 127.0.0.1] [--port 0] [--path SOCKET]
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"syscall"
)

const readBytes = 64 * 1024

func main() {
	serve := flag.String("serve", "tcp", "tcp, unix, udp or http")
	host := flag.String("host", "127.0.0.1", "")
	port := flag.Int("port", 0, "")
	path := flag.String("path", "", "")
	flag.Parse()
	runtime.GOMAXPROCS(1)
	go endOnSignals()

	address := fmt.Sprintf("%s:%d", *host, *port)
	switch *serve {
	case "tcp":
		listener := listen("tcp", address)
		echo(listener)
	case "unix":
		listener := listen("unix", *path)
		echo(listener)
	case "http":
		listener := listen("tcp", address)
		log.Fatal(http.Serve(listener, http.HandlerFunc(hello)))
	case "udp":
		echoDatagrams(address)
	default:
		log.Fatalf("--serve must be tcp, unix, udp or http, not %s", *serve)
	}
}

// The backlog is net.core.somaxconn: Go does not let one choose. TCP_NODELAY is its default.
func listen(network, address string) net.Listener {
	listener, err := net.Listen(network, address)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening on %s://%s\n", network, listener.Addr())
	return listener
}

func echo(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go func() {
			defer conn.Close()
			// io.Copy, which the documentation shows, would splice through a pipe: slower for small messages. Hidden behind
			// io.Writer it reads and writes.
			buffer := make([]byte, readBytes)
			io.CopyBuffer(struct{ io.Writer }{conn}, struct{ io.Reader }{conn}, buffer)
		}()
	}
}

func echoDatagrams(address string) {
	conn, err := net.ListenPacket("udp", address)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening on udp://%s\n", conn.LocalAddr())
	socket := conn.(*net.UDPConn)
	buffer := make([]byte, readBytes)
	for {
		length, peer, err := socket.ReadFromUDPAddrPort(buffer)
		if err != nil {
			log.Fatal(err)
		}
		socket.WriteToUDPAddrPort(buffer[:length], peer)
	}
}

func hello(response http.ResponseWriter, request *http.Request) {
	if request.URL.Path != "/hello" {
		http.NotFound(response, request)
		return
	}
	response.Header().Set("Content-Type", "text/plain")
	io.WriteString(response, "hello")
}

func endOnSignals() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	<-signals
	os.Exit(0)
}
