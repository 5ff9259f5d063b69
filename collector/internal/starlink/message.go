package starlink

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/vymir-project/vymir/collector/facts"
)

// value is one field as it came. What is of another type than the one expected is not known: num of bytes is absent, and so on.
type value struct {
	kind protowire.Type
	num  uint64
	raw  []byte
}

// fields goes through a message; f is called for each field, the last of a number counts.
func fields(b []byte, f func(n protowire.Number, v value)) error {
	for len(b) > 0 {
		n, kind, size := protowire.ConsumeTag(b)
		if size < 0 {
			return fmt.Errorf("read message: %w", protowire.ParseError(size))
		}
		b = b[size:]
		v := value{kind: kind}
		switch kind {
		case protowire.VarintType:
			v.num, size = protowire.ConsumeVarint(b)
		case protowire.Fixed32Type:
			var short uint32
			short, size = protowire.ConsumeFixed32(b)
			v.num = uint64(short)
		case protowire.Fixed64Type:
			v.num, size = protowire.ConsumeFixed64(b)
		case protowire.BytesType:
			v.raw, size = protowire.ConsumeBytes(b)
		default:
			size = protowire.ConsumeFieldValue(n, kind, b)
		}
		if size < 0 {
			return fmt.Errorf("read message: %w", protowire.ParseError(size))
		}
		b = b[size:]
		f(n, v)
	}
	return nil
}

// message reports whether v can be one.
func (v value) message() bool { return v.kind == protowire.BytesType }

// text is a short printable text; "": it is none.
func (v value) text() string {
	if !v.message() {
		return ""
	}
	return text(v.raw)
}

// text takes what is printable of at most 128 bytes.
func text(b []byte) string {
	b = b[:min(len(b), 128)]
	for len(b) > 0 && !utf8.Valid(b) {
		b = b[:len(b)-1]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == utf8.RuneError {
			return -1
		}
		return r
	}, string(b))
}

// float is a finite number from 0 to most; nil: it is none.
func (v value) float(most float64) *float64 {
	if v.kind != protowire.Fixed32Type {
		return nil
	}
	f := float64(math.Float32frombits(uint32(v.num))) //nolint:gosec // four bytes were read
	if math.IsNaN(f) || f < 0 || f > most {
		return nil
	}
	return &f
}

// flag is a boolean that is set.
func (v value) flag() bool { return v.kind == protowire.VarintType && v.num == 1 }

// name gives the name of a number; one that is not known yet is told by its number, "": v is no number or stands for nothing.
func (v value) name(names map[uint64]string) string {
	if v.kind != protowire.VarintType || v.num == 0 {
		return ""
	}
	if n, ok := names[v.num]; ok {
		return n
	}
	return "code_" + strconv.FormatUint(v.num, 10)
}

// inner finds the message in field want of a Response.
func inner(response []byte, want protowire.Number) (found []byte, err error) {
	err = fields(response, func(n protowire.Number, v value) {
		if n == want && v.message() {
			found = v.raw
		}
	})
	if err == nil && found == nil {
		err = ErrAnswer // a router says other things
	}
	if err != nil {
		return nil, fmt.Errorf("read the dish's answer: %w", err)
	}
	return found, nil
}

// readStatus reads the answer to getStatus.
func readStatus(response []byte, out *facts.Starlink) error {
	status, err := inner(response, 2004)
	if err != nil {
		return err
	}
	known := 0 // of the fields that every dish sends, so that another message in this place is not taken for a dish that is silent
	var down, up string
	var parts error
	part := func(v value, f func(n protowire.Number, v value)) {
		if !v.message() {
			return
		}
		known++
		if err := fields(v.raw, f); err != nil && parts == nil {
			parts = err
		}
	}
	err = fields(status, func(n protowire.Number, v value) {
		switch n {
		case 1:
			part(v, func(n protowire.Number, v value) { readDevice(n, v, out) })
		case 2:
			part(v, func(n protowire.Number, v value) {
				if n == 1 && v.kind == protowire.VarintType {
					out.UptimeSeconds = &v.num
				}
			})
		case 1003:
			out.PingDropRate = v.float(1)
		case 1004:
			part(v, func(n protowire.Number, v value) {
				if n == 1 {
					out.Obstructed = v.float(1)
				}
			})
		case 1005:
			if v.message() {
				part(v, alerts(statusAlerts, out))
			}
		case 1009:
			out.PingLatencyMs = v.float(math.MaxFloat32)
		case 1014:
			out.Outage = "unknown"
			part(v, func(n protowire.Number, v value) {
				if cause := v.name(outageCauses); n == 1 && cause != "" {
					out.Outage = cause
				}
			})
		case 1021:
			out.UpdateState = v.name(updateStates)
		case 1024:
			out.Disabled = v.name(disablements)
		case 1044:
			down = v.name(restrictions)
		case 1045:
			up = v.name(restrictions)
		case 1056:
			if v.flag() {
				out.Metered = ptr(true)
			}
		}
	})
	if err == nil {
		err = parts
	}
	if err == nil && known == 0 {
		err = ErrAnswer
	}
	if err != nil {
		return fmt.Errorf("read the dish's status: %w", err)
	}
	out.Disabled, out.Restricted = but(out.Disabled, "okay"), stronger(but(down, "no_limit"), but(up, "no_limit"))
	return nil
}

// readDevice reads a field of DeviceInfo.
func readDevice(n protowire.Number, v value, out *facts.Starlink) {
	switch n {
	case 2:
		out.HardwareVersion = v.text()
	case 3:
		out.SoftwareVersion = v.text()
	}
}

// alerts collects the flags that are set; one whose meaning is not known is told by its number.
func alerts(names map[protowire.Number]string, out *facts.Starlink) func(protowire.Number, value) {
	out.Alerts = []string{}
	return func(n protowire.Number, v value) {
		if !v.flag() || len(out.Alerts) >= 64 {
			return
		}
		name := names[n]
		if name == "" {
			name = "alert_" + strconv.Itoa(int(n))
		}
		out.Alerts = append(out.Alerts, name)
	}
}

// readDiagnostics reads the answer to getDiagnostics, the one request that the maker documents.
func readDiagnostics(response []byte, out *facts.Starlink) error {
	diagnostics, err := inner(response, 6001)
	if err != nil {
		return err
	}
	var parts error
	err = fields(diagnostics, func(n protowire.Number, v value) {
		switch n {
		case 2, 3:
			readDevice(n, v, out)
		case 5:
			if v.message() {
				parts = fields(v.raw, alerts(diagnosticAlerts, out))
			}
		case 6:
			out.Disabled = but(v.name(disablements), "okay")
		case 14:
			if v.flag() {
				out.Restricted = Overage
			}
		}
	})
	if err == nil {
		err = parts
	}
	if err == nil && out.SoftwareVersion == "" {
		err = ErrAnswer
	}
	if err != nil {
		return fmt.Errorf("read the dish's diagnostics: %w", err)
	}
	return nil
}

// but empties a word that says that all is well.
func but(word, well string) string {
	if word == well {
		return ""
	}
	return word
}

// stronger gives the reason that costs more, of both directions.
func stronger(a, b string) string {
	if b == Overage || a == "" {
		return b
	}
	return a
}
