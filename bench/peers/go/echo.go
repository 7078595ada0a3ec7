package main

import (
	"fmt"
	"log"
	"net"
)

// A goroutine for each connection; Write takes all of it. TCP_NODELAY is Go's default.
//
// Not io.Copy(conn, conn), which the documentation of net has: it is splice(2) between two sockets, which has no buffer to
// be alike, and costs more for small messages.
func echo(conn net.Conn) {
	defer conn.Close()
	buffer := make([]byte, receiveBytes)
	for {
		n, err := conn.Read(buffer)
		if err != nil {
			return
		}
		if _, err := conn.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func echoDatagrams(address string) {
	where, err := net.ResolveUDPAddr("udp", address)
	if err != nil {
		log.Fatal(err)
	}
	socket, err := net.ListenUDP("udp", where)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening on udp://%s\n", socket.LocalAddr())
	buffer := make([]byte, receiveBytes)
	for {
		// The variant without an allocation for each address.
		n, from, err := socket.ReadFromUDPAddrPort(buffer)
		if err == nil {
			_, err = socket.WriteToUDPAddrPort(buffer[:n], from)
		}
		// What the network says of an earlier datagram; the socket is as good as before.
		if err != nil {
			log.Print(err)
		}
	}
}
