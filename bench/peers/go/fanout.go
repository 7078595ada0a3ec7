package main

import (
	"io"
	"net"
	"sync"
)

// Messages that wait for a peer that does not read; it misses those that come when it has so many.
const maxQueued = 256

type hub struct {
	mutex   sync.Mutex
	clients map[chan []byte]struct{}
}

// What any connection sends goes to all of them, itself too. As chats are written in Go: each client has a channel, and
// a goroutine that writes what comes out of it.
func fanOut(listener net.Listener, size int) {
	h := &hub{clients: map[chan []byte]struct{}{}}
	acceptAll(listener, func(conn net.Conn) {
		messages := make(chan []byte, maxQueued)
		h.mutex.Lock()
		h.clients[messages] = struct{}{}
		h.mutex.Unlock()
		go writeAll(conn, messages)

		for {
			message := make([]byte, size)
			if _, err := io.ReadFull(conn, message); err != nil {
				break
			}
			h.publish(message)
		}

		h.mutex.Lock()
		delete(h.clients, messages)
		h.mutex.Unlock()
		close(messages)
	})
}

func (h *hub) publish(message []byte) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	for messages := range h.clients {
		select {
		case messages <- message:
		default:
		}
	}
}

func writeAll(conn net.Conn, messages <-chan []byte) {
	defer conn.Close()
	for message := range messages {
		if _, err := conn.Write(message); err != nil {
			break
		}
	}
	// Until the reader has seen that the connection is gone, and closes the channel.
	conn.Close()
	for range messages {
	}
}
