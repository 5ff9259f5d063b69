package systemd

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// reply marshals an answer to a call with a list of units.
func reply(serial uint32, units map[string]string) []byte {
	var body []byte
	str := func(s string) {
		body = pad(body, 4)
		body = binary.LittleEndian.AppendUint32(body, uint32(len(s)))
		body = append(append(body, s...), 0)
	}
	body = append(body, 0, 0, 0, 0, 0, 0, 0, 0)
	for name, state := range units {
		body = pad(body, 8)
		for _, s := range []string{name, "what it is", "loaded", state, "running", "", "/org/x"} {
			str(s)
		}
		body = pad(body, 4)
		body = binary.LittleEndian.AppendUint32(body, 0)
		str("")
		str("/")
	}
	binary.LittleEndian.PutUint32(body, uint32(len(body)-8))
	fields := []byte{fieldReplySerial, 1, 'u', 0}
	fields = binary.LittleEndian.AppendUint32(fields, serial)
	m := []byte{'l', methodReturn, 0, 1}
	m = binary.LittleEndian.AppendUint32(m, uint32(len(body)))
	m = binary.LittleEndian.AppendUint32(m, 99)
	m = binary.LittleEndian.AppendUint32(m, uint32(len(fields)))
	return append(pad(append(m, fields...), 8), body...)
}

func TestActive(t *testing.T) {
	want := map[string]string{"ssh.service": "active", "apt-daily.timer": "active", "bad.service": "failed"}
	socket := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		r := bufio.NewReader(conn)
		if line, _ := r.ReadString('\n'); !strings.HasPrefix(line, "\x00AUTH EXTERNAL ") {
			return
		}
		io.WriteString(conn, "OK 1234\r\n")
		r.ReadString('\n')
		readMessage(r)
		readMessage(r)
		conn.Write(reply(1, nil)) // to the greeting
		conn.Write(reply(2, want))
	}()
	got, err := active(t.Context(), socket)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func FuzzMessage(f *testing.F) {
	f.Add(reply(1, map[string]string{"a.service": "active"}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := readMessage(bytes.NewReader(b)); err == nil {
			parseUnits(m)
		}
	})
}
