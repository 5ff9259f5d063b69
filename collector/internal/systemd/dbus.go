package systemd

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"
)

const (
	maxMessage   = 16 << 20 // bytes of one D-Bus message
	queryTimeout = 3 * time.Second
)

// Active asks the running manager for the state of every loaded unit: name → active, inactive, failed, activating,
// deactivating, reloading or maintenance. Units that are not loaded are not named: they are inactive. It speaks D-Bus over
// the system bus, which answers every user; a host without one is an error.
func Active(ctx context.Context) (map[string]string, error) {
	return active(ctx, "/run/dbus/system_bus_socket")
}

func active(ctx context.Context, socket string) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", socket)
	if err != nil {
		return nil, fmt.Errorf("ask systemd: %w", err)
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	conn.SetDeadline(deadline)
	r := bufio.NewReader(conn)
	if err := authenticate(conn, r); err != nil {
		return nil, fmt.Errorf("ask systemd: %w", err)
	}
	const serial = 2
	hello := call(1, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello")
	list := call(serial, "org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager", "ListUnits")
	if _, err := conn.Write(append(hello, list...)); err != nil {
		return nil, fmt.Errorf("ask systemd: %w", err)
	}
	for range 1024 { // signals may come in between
		m, err := readMessage(r)
		if err != nil {
			return nil, fmt.Errorf("ask systemd: %w", err)
		}
		if m.replyTo != serial {
			continue
		}
		if m.kind != methodReturn {
			return nil, errors.New("ask systemd: refused")
		}
		return parseUnits(m)
	}
	return nil, errors.New("ask systemd: no reply")
}

// authenticate says who we are by the socket's credentials.
func authenticate(w io.Writer, r *bufio.Reader) error {
	uid := fmt.Sprintf("%x", fmt.Sprint(os.Getuid()))
	if _, err := io.WriteString(w, "\x00AUTH EXTERNAL "+uid+"\r\n"); err != nil {
		return err
	}
	line, err := r.ReadString('\n')
	if err != nil {
		return err
	}
	if !strings.HasPrefix(line, "OK ") {
		return errors.New("not let in")
	}
	_, err = io.WriteString(w, "BEGIN\r\n")
	return err
}

const (
	methodCall, methodReturn                                 = 1, 2
	fieldPath, fieldInterface, fieldMember, fieldReplySerial = 1, 2, 3, 5
	fieldDestination                                         = 6
)

// call marshals a method call without arguments, in little-endian order.
func call(serial uint32, destination, path, iface, member string) []byte {
	var fields []byte
	for _, f := range []struct {
		code  byte
		typ   string
		value string
	}{{fieldPath, "o", path}, {fieldDestination, "s", destination}, {fieldInterface, "s", iface}, {fieldMember, "s", member}} {
		fields = pad(fields, 8)
		fields = append(fields, f.code, 1, f.typ[0], 0)
		fields = pad(fields, 4)
		fields = binary.LittleEndian.AppendUint32(fields, uint32(len(f.value)))
		fields = append(fields, f.value...)
		fields = append(fields, 0)
	}
	m := []byte{'l', methodCall, 0, 1}
	m = binary.LittleEndian.AppendUint32(m, 0) // no body
	m = binary.LittleEndian.AppendUint32(m, serial)
	m = binary.LittleEndian.AppendUint32(m, uint32(len(fields)))
	return pad(append(m, fields...), 8)
}

func pad(b []byte, n int) []byte {
	for len(b)%n != 0 {
		b = append(b, 0)
	}
	return b
}

// message is what came in.
type message struct {
	kind    byte
	replyTo uint32
	order   binary.ByteOrder
	body    []byte
}

func readMessage(r io.Reader) (message, error) {
	var m message
	head := make([]byte, 16)
	if _, err := io.ReadFull(r, head); err != nil {
		return m, err
	}
	switch m.kind = head[1]; head[0] {
	case 'l':
		m.order = binary.LittleEndian
	case 'B':
		m.order = binary.BigEndian
	default:
		return m, errors.New("not a D-Bus message")
	}
	body, fields := m.order.Uint32(head[4:]), m.order.Uint32(head[12:])
	if body > maxMessage || fields > maxMessage {
		return m, errors.New("message too large")
	}
	header := make([]byte, (fields+7)/8*8)
	if _, err := io.ReadFull(r, header); err != nil {
		return m, err
	}
	m.replyTo = replySerial(header[:fields], m.order)
	var buf bytes.Buffer
	if _, err := io.CopyN(&buf, r, int64(body)); err != nil {
		return m, err
	}
	m.body = buf.Bytes()
	return m, nil
}

// replySerial finds the field that says which call a message answers; 0 when there is none.
func replySerial(b []byte, order binary.ByteOrder) uint32 {
	d := &decoder{b: b, order: order}
	for d.ok() && d.at < len(b) {
		d.align(8)
		code := d.byte()
		sig := d.signature()
		switch sig {
		case "u":
			v := d.uint32()
			if code == fieldReplySerial {
				return v
			}
		case "s", "o":
			d.string()
		case "g":
			d.signature()
		default:
			return 0
		}
	}
	return 0
}

// parseUnits reads a(ssssssouso): of each unit the name is the first text and its active state the fourth.
func parseUnits(m message) (map[string]string, error) {
	d := &decoder{b: m.body, order: m.order}
	size := d.uint32()
	d.align(8)
	end := d.at + int(size)
	out := map[string]string{}
	for d.ok() && d.at < end && d.at < len(d.b) && len(out) < 65536 {
		d.align(8)
		name := d.string()
		d.string() // description
		d.string() // load state
		state := d.string()
		d.string() // sub-state
		d.string() // followed unit
		d.string() // object path
		d.uint32() // job
		d.string() // job type
		d.string() // job path
		if d.ok() {
			out[name] = state
		}
	}
	if !d.ok() {
		return nil, errors.New("ask systemd: reply is cut")
	}
	return out, nil
}

// decoder reads D-Bus values; after an error every further one is empty.
type decoder struct {
	b     []byte
	at    int
	order binary.ByteOrder
	bad   bool
}

func (d *decoder) ok() bool { return !d.bad }

func (d *decoder) take(n int) []byte {
	if d.bad || n < 0 || n > len(d.b)-d.at {
		d.bad = true
		return nil
	}
	v := d.b[d.at : d.at+n]
	d.at += n
	return v
}

func (d *decoder) align(n int) {
	if rest := d.at % n; rest != 0 {
		d.take(n - rest)
	}
}

func (d *decoder) byte() byte {
	if v := d.take(1); v != nil {
		return v[0]
	}
	return 0
}

func (d *decoder) uint32() uint32 {
	d.align(4)
	if v := d.take(4); v != nil {
		return d.order.Uint32(v)
	}
	return 0
}

func (d *decoder) string() string {
	n := d.uint32()
	if n > maxMessage {
		d.bad = true
		return ""
	}
	v := d.take(int(n))
	d.take(1)
	return string(v)
}

func (d *decoder) signature() string {
	v := d.take(int(d.byte()))
	d.take(1)
	return string(v)
}
