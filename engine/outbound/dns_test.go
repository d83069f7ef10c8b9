package outbound

import (
	"context"
	"encoding/binary"
	"net"
	"sync/atomic"
	"testing"
)

// nameServer is a name server on loopback that answers every A question with
// what answer gives for the number of the question, and nothing else.
type nameServer struct {
	asked atomic.Int64
	addr  string
}

func newNameServer(t *testing.T, answer func(n int64) [][4]byte) *nameServer {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &nameServer{addr: pc.LocalAddr().String()}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 1500)
		for {
			n, from, err := pc.ReadFrom(buf)
			if err != nil {
				return
			}
			if reply := s.reply(buf[:n], answer); reply != nil {
				_, _ = pc.WriteTo(reply, from)
			}
		}
	}()
	t.Cleanup(func() { pc.Close(); <-done })
	return s
}

func (s *nameServer) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", s.addr)
	}}
}

func (s *nameServer) reply(q []byte, answer func(n int64) [][4]byte) []byte {
	if len(q) < 17 {
		return nil
	}
	end := 12
	for end < len(q) && q[end] != 0 {
		end += int(q[end]) + 1
	}
	end += 5 // the root label, type and class
	if end > len(q) {
		return nil
	}
	var addrs [][4]byte
	if binary.BigEndian.Uint16(q[end-4:]) == 1 { // A
		addrs = answer(s.asked.Add(1) - 1)
	}
	r := append([]byte{}, q[0], q[1], 0x84, 0, 0, 1, 0, byte(len(addrs)), 0, 0, 0, 0)
	r = append(r, q[12:end]...)
	for _, a := range addrs {
		r = append(r, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4) // name, A, IN, TTL 0, 4 bytes
		r = append(r, a[:]...)
	}
	return r
}
