package main

import (
	"io"
	"net"
	"time"
)

// distant accepts connections and forwards them to server with the delays of a network
// with this round-trip time. Each byte is delayed by half of the round trip in either
// direction. The first byte of a client is delayed by one more round trip, the time that
// TCP needs to connect. It serves until the listener is closed.
func distant(server string, roundTrip time.Duration) (net.Listener, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			connected := time.Now().Add(roundTrip)
			go func() {
				defer client.Close()
				upstream, err := net.Dial("tcp", server)
				if err != nil {
					return
				}
				defer upstream.Close()
				go func() {
					carry(upstream, client, connected, roundTrip/2)
					upstream.Close()
				}()
				carry(client, upstream, connected, roundTrip/2)
			}()
		}
	}()
	return listener, nil
}

// carry copies from one connection to another until the first ends. Each piece is written
// a delay after it was read, and counts as read no earlier than notBefore.
func carry(to io.Writer, from io.Reader, notBefore time.Time, delay time.Duration) {
	type piece struct {
		data []byte
		due  time.Time
	}
	delayed := make(chan piece, 1024)
	go func() {
		defer close(delayed)
		for {
			buffer := make([]byte, 32<<10)
			n, err := from.Read(buffer)
			left := time.Now()
			if left.Before(notBefore) {
				left = notBefore
			}
			delayed <- piece{buffer[:n], left.Add(delay)}
			if err != nil {
				return
			}
		}
	}()
	for p := range delayed {
		time.Sleep(time.Until(p.due))
		if _, err := to.Write(p.data); err != nil {
			return // the reader ends when its connection is closed
		}
	}
}
