package outbound

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const inNamespace = "OUTBOUND_TEST_NAMESPACE"

// TestS8 runs itself again in a network namespace of its own that has nothing
// but loopback, where every address there is leads back to one canary. So
// a call that gets past the guard is counted, and cannot leave the machine.
func TestS8NoContactsInNamespace(t *testing.T) {
	if os.Getenv(inNamespace) != "" {
		testS8(t)
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestS8NoContactsInNamespace$", "-test.v", "-test.timeout=60s")
	cmd.Env = append(os.Environ(), inNamespace+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if os.Geteuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err == nil && strings.Contains(string(out), "--- PASS: TestS8NoContactsInNamespace"):
		t.Logf("%s", out)
	case err != nil && !errors.As(err, &exit):
		if os.Getenv("CI") == "true" {
			t.Fatalf("no network namespace: %v", err)
		}
		t.Skipf("no network namespace here: %v", err)
	default:
		t.Fatalf("%v\n%s", err, out)
	}
}

func testS8(t *testing.T) {
	six, err := everythingIsLocal()
	if err != nil {
		t.Fatalf("set up the namespace: %v", err)
	}
	if !six {
		t.Log("this kernel has no IPv6: IPv4 only")
	}
	var contacts, accepted atomic.Int64
	port := canary(t, "tcp4", "0.0.0.0:0", "0", &contacts, &accepted)
	if six {
		canary(t, "tcp6", "[::]:"+port, port, &contacts, &accepted)
	}

	// Guarded calls to both ends of each block and to the usual prizes, by
	// address and by name.
	addrs := []netip.Addr{
		netip.MustParseAddr("169.254.169.254"), netip.MustParseAddr("169.254.170.2"), netip.MustParseAddr("100.100.100.200"),
		netip.MustParseAddr("192.0.0.192"), netip.MustParseAddr("fd00:ec2::254"), netip.MustParseAddr("fd20:ce::254"),
		netip.MustParseAddr("::ffff:169.254.169.254"), netip.MustParseAddr("64:ff9b::169.254.169.254"), netip.MustParseAddr("2002:a9fe:a9fe::1"),
	}
	for _, b := range s2Blocks {
		p := netip.MustParsePrefix(b.prefix)
		addrs = append(addrs, p.Addr(), lastOf(p))
	}
	var named atomic.Value
	ns := newNameServer(t, func(int64) [][4]byte { return [][4]byte{named.Load().([4]byte)} })
	c := newClient(t, Policy{Resolver: ns.resolver(), ConnectTimeout: 2 * time.Second})
	refusals := 0
	try := func(url string) {
		t.Helper()
		_, err := c.Do(t.Context(), get(t, url), CallOptions{Redirects: 5})
		var r *Refused
		if !errors.As(err, &r) {
			t.Errorf("%s: %v", url, err)
			return
		}
		refusals++
	}
	for _, a := range addrs {
		try("http://" + net.JoinHostPort(a.String(), port) + "/")
		if a.Unmap().Is4() {
			named.Store(a.Unmap().As4())
			try("http://api.test:" + port + "/")
		}
	}
	if n := contacts.Load(); n != 0 {
		t.Errorf("%d contacts from guarded calls, want 0", n)
	}

	// The counter-proof: without the guard these very addresses reach the
	// canary, and with it a public one does.
	reached := 0
	for _, a := range addrs {
		if a.Unmap().Is6() && !six {
			continue
		}
		conn, err := net.DialTimeout("tcp", net.JoinHostPort(a.String(), port), time.Second)
		if err == nil {
			reached++
			conn.Close()
		}
	}
	if reached < len(s2Blocks)/2 {
		t.Errorf("only %d of %d addresses lead to the canary: the test proves little", reached, len(addrs))
	}
	named.Store([4]byte{8, 8, 8, 8})
	if resp, err := c.Do(t.Context(), get(t, "http://api.test:"+port+"/"), CallOptions{}); err != nil || resp.Status != 204 {
		t.Errorf("a public address: %v, %v", resp, err)
	}
	t.Logf("%d guarded calls refused, 0 contacts; %d of %d addresses reach the canary without the guard", refusals, reached, len(addrs))
}

// canary counts connections and answers each with 204.
func canary(t *testing.T, network, addr, want string, contacts, accepted *atomic.Int64) (port string) {
	t.Helper()
	l, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			contacts.Add(1)
			buf := make([]byte, 1024)
			_ = conn.SetReadDeadline(time.Now().Add(time.Second))
			if n, _ := conn.Read(buf); n > 0 {
				accepted.Add(1)
				fmt.Fprint(conn, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
			}
			conn.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	_, port, _ = net.SplitHostPort(l.Addr().String())
	if want != "0" && port != want {
		t.Fatalf("listens on %s, want %s", port, want)
	}
	return port
}

// everythingIsLocal brings lo up and routes all addresses to it, as
// "ip route add local 0.0.0.0/0 dev lo" does. six is false where there is no IPv6.
func everythingIsLocal() (six bool, err error) {
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		return false, err
	}
	fd, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, syscall.NETLINK_ROUTE)
	if err != nil {
		return false, err
	}
	defer syscall.Close(fd)

	up := make([]byte, syscall.SizeofIfInfomsg)
	binary.NativeEndian.PutUint32(up[4:], uint32(lo.Index))
	binary.NativeEndian.PutUint32(up[8:], syscall.IFF_UP)
	binary.NativeEndian.PutUint32(up[12:], syscall.IFF_UP)
	if err := netlink(fd, syscall.RTM_NEWLINK, 0, up); err != nil {
		return false, fmt.Errorf("bring lo up: %w", err)
	}
	route := func(family byte) error {
		// family, dst and src length, tos, table, protocol, scope, type, flags
		m := []byte{family, 0, 0, 0, syscall.RT_TABLE_LOCAL, syscall.RTPROT_BOOT, syscall.RT_SCOPE_HOST, syscall.RTN_LOCAL, 0, 0, 0, 0}
		oif := make([]byte, 8)
		binary.NativeEndian.PutUint16(oif, 8)
		binary.NativeEndian.PutUint16(oif[2:], syscall.RTA_OIF)
		binary.NativeEndian.PutUint32(oif[4:], uint32(lo.Index))
		return netlink(fd, syscall.RTM_NEWROUTE, syscall.NLM_F_CREATE, append(m, oif...))
	}
	if err := route(syscall.AF_INET); err != nil {
		return false, fmt.Errorf("route IPv4 to lo: %w", err)
	}
	return route(syscall.AF_INET6) == nil, nil
}

func netlink(fd int, typ, flags uint16, body []byte) error {
	m := make([]byte, syscall.NLMSG_HDRLEN, syscall.NLMSG_HDRLEN+len(body))
	binary.NativeEndian.PutUint32(m, uint32(syscall.NLMSG_HDRLEN+len(body)))
	binary.NativeEndian.PutUint16(m[4:], typ)
	binary.NativeEndian.PutUint16(m[6:], syscall.NLM_F_REQUEST|syscall.NLM_F_ACK|flags)
	if err := syscall.Sendto(fd, append(m, body...), 0, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK}); err != nil {
		return err
	}
	buf := make([]byte, 4096)
	n, _, err := syscall.Recvfrom(fd, buf, 0)
	if err != nil {
		return err
	}
	if n < syscall.NLMSG_HDRLEN+4 || binary.NativeEndian.Uint16(buf[4:]) != syscall.NLMSG_ERROR {
		return errors.New("unexpected answer of the kernel")
	}
	if code := int32(binary.NativeEndian.Uint32(buf[syscall.NLMSG_HDRLEN:])); code != 0 {
		return syscall.Errno(-code)
	}
	return nil
}
