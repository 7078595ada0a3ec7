package main

import (
	"log"
	"net"
	"net/http"
)

func serveHello(listener net.Listener) {
	http.HandleFunc("/hello", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.Write([]byte("hello"))
	})
	log.Fatal(http.Serve(listener, nil))
}
