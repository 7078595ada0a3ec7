// Servers with Go's standard library, as its documentation writes them.
//
//	go-peer --serve tcp|unix|udp|http|fanout [--host 127.0.0.1] [--port 0] [--unix PATH] [--size 100]
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"strconv"
	"syscall"
)

// What one read takes at most, as in the other servers.
const receiveBytes = 64 * 1024

func main() {
	serve := flag.String("serve", "tcp", "what to serve: tcp, unix, udp, http or fanout")
	host := flag.String("host", "127.0.0.1", "address to listen at")
	port := flag.Int("port", 0, "port; 0 for any")
	path := flag.String("unix", "", "path to listen at")
	size := flag.Int("size", 100, "bytes of a message that is fanned out")
	flag.Parse()
	endOnSignals(*path)

	address := net.JoinHostPort(*host, strconv.Itoa(*port))
	switch *serve {
	case "tcp":
		acceptAll(listen("tcp", address), echo)
	case "unix":
		acceptAll(listen("unix", *path), echo)
	case "udp":
		echoDatagrams(address)
	case "http":
		serveHello(listen("tcp", address))
	case "fanout":
		fanOut(listen("tcp", address), *size)
	default:
		log.Fatalf("--serve: what is %s?", *serve)
	}
}

func listen(network, address string) net.Listener {
	listener, err := net.Listen(network, address)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening on %s://%s\n", network, listener.Addr())
	return listener
}

func acceptAll(listener net.Listener, handle func(net.Conn)) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			// Out of descriptors, or gone before it was accepted: the next one may be fine.
			log.Print(err)
			continue
		}
		go handle(conn)
	}
}

func endOnSignals(path string) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-signals
		if path != "" {
			os.Remove(path)
		}
		os.Exit(0)
	}()
}
