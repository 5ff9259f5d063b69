// Package metered tells whether the link by which the server is reached costs by the byte: as NetworkManager was told or would guess,
// because the dish at its other end said so, or because the interface is a modem for mobile networks. It reads files only; nothing is
// asked over the bus, nothing is sent.
package metered

import (
	"bufio"
	"bytes"
	"io"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"

	"github.com/vymir-project/vymir/collector"
)

// Limits of what is read.
const (
	maxFile  = 64 << 10
	maxFiles = 512
)

// Who says that a link is metered.
const (
	ByNetworkManager = "networkmanager"
	ByDish           = "dish"
	ByInterface      = "modem"
)

// Link says who calls the link towards server (host:port) metered; "": nobody does. dish is the interface by which a dish is reached that
// said so; "": none did.
func Link(server, dish string) string {
	i := collector.Towards(server)
	if i == nil {
		return ""
	}
	return of(os.DirFS("/"), i.Index, i.Name, dish)
}

// of judges one interface of the host whose files are in root. What the administrator told NetworkManager goes before what a dish says.
func of(root fs.FS, index int, name, dish string) string {
	device := keys(root, "run/NetworkManager/devices/"+strconv.Itoa(index))
	if uuid := device["device.connection-uuid"]; uuid != "" {
		if c := connection(root, uuid); c != nil {
			switch c["connection.metered"] {
			case "1", "yes", "true":
				return ByNetworkManager
			case "2", "no", "false":
				return ""
			}
			switch c["connection.type"] { // what NetworkManager guesses of these, when it was told nothing
			case "gsm", "cdma", "bluetooth":
				return ByNetworkManager
			}
		}
	}
	if dish != "" && dish == name {
		return ByDish
	}
	if strings.Contains(string(read(root, "sys/class/net/"+name+"/uevent")), "DEVTYPE=wwan") {
		return ByInterface
	}
	return ""
}

// connection finds the profile with a uuid; nil: there is none that can be read.
func connection(root fs.FS, uuid string) map[string]string {
	for _, dir := range []string{"run/NetworkManager/system-connections", "etc/NetworkManager/system-connections", "usr/lib/NetworkManager/system-connections"} {
		entries, err := fs.ReadDir(root, dir)
		if err != nil {
			continue
		}
		for _, e := range entries[:min(len(entries), maxFiles)] {
			if c := keys(root, path.Join(dir, e.Name())); c["connection.uuid"] == uuid {
				return c
			}
		}
	}
	return nil
}

// keys reads a key file: "section.key" → value.
func keys(root fs.FS, name string) map[string]string {
	out, section := map[string]string{}, ""
	lines := bufio.NewScanner(bytes.NewReader(read(root, name)))
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if s, ok := strings.CutPrefix(line, "["); ok {
			section = strings.TrimSuffix(s, "]")
			continue
		}
		if k, v, ok := strings.Cut(line, "="); ok && !strings.HasPrefix(line, "#") {
			out[section+"."+strings.TrimSpace(k)] = strings.TrimSpace(v)
		}
	}
	return out
}

// read gives a regular file, bounded; nil when it cannot be read.
func read(root fs.FS, name string) []byte {
	f, err := root.Open(name)
	if err != nil {
		return nil
	}
	defer f.Close() //nolint:errcheck // it was read
	if st, err := f.Stat(); err != nil || !st.Mode().IsRegular() {
		return nil
	}
	b, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return nil
	}
	return b
}
