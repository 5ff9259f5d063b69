package host

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vymir-project/vymir/collector/facts"
)

// makeCert makes a self-signed certificate that ends days after testNow.
func makeCert(t *testing.T, days int) (certPEM string, pair tls.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "web.example"}, DNSNames: []string{"web.example"},
		NotBefore: testNow.AddDate(-1, 0, 0), NotAfter: testNow.Add(time.Duration(days)*24*time.Hour + time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func TestCertificateFiles(t *testing.T) {
	good, _ := makeCert(t, 90)
	old, _ := makeCert(t, -2)
	env := testEnv(t, `
-- etc/nginx/nginx.conf --
server { listen 443 ssl;
  ssl_certificate     /srv/tls/site.pem;
  ssl_certificate_key "/srv/tls/site.key"; }
-- srv/tls/site.pem --
`+good+`-- srv/tls/site.key 0644 --
-----BEGIN PRIVATE KEY-----
AAAA
-----END PRIVATE KEY-----
-- etc/letsencrypt/live/a/cert.pem -> ../../archive/a/cert1.pem --
-- etc/letsencrypt/archive/a/cert1.pem --
`+old+`-- etc/letsencrypt/live/a/fullchain.pem -> ../../archive/a/cert1.pem --
-- etc/ssl/private/bad.pem --
-----BEGIN CERTIFICATE-----
AAAA
-----END CERTIFICATE-----
`, false)
	doc, status := collect(t, env, "certificates")
	c := doc.Certificates
	if status.State != facts.StateOK || len(c.Files) != 2 || len(c.PrivateKeys) != 1 || !c.PrivateKeys[0].WorldReadable {
		t.Fatalf("%+v %+v", status, c)
	}
	if f := c.Files[0]; f.Path != "/srv/tls/site.pem" || f.DaysLeft != 90 || f.KeyType != "ecdsa" || f.KeyBits != 256 || !f.SelfSigned || f.Subject != "CN=web.example" {
		t.Errorf("site = %+v", f)
	}
	if f := c.Files[1]; f.DaysLeft != -2 {
		t.Errorf("days left = %d, want -2", f.DaysLeft)
	}
}

func TestServedCertificate(t *testing.T) {
	_, pair := makeCert(t, 5)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS11})
	if err != nil {
		t.Skip("needs a loopback interface")
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() { conn.(*tls.Conn).Handshake(); conn.Close() }()
		}
	}()
	env := testEnv(t, "", false)
	got, ok := env.askTLS(t.Context(), l.Addr().(*net.TCPAddr).AddrPort())
	if !ok || got.DaysLeft != 5 {
		t.Fatalf("served = %+v %v", got, ok)
	}
	if diff := cmp.Diff([]string{"1.1", "1.2", "1.3"}, got.TLSVersions); diff != "" {
		t.Errorf("versions (-want +got):\n%s", diff)
	}
	if _, ok := env.askTLS(t.Context(), netip.MustParseAddrPort("127.0.0.1:1")); ok {
		t.Error("a closed port serves")
	}
}

func TestSSHClient(t *testing.T) {
	env := testEnv(t, `
-- etc/ssh/ssh_config --
Include /etc/ssh/ssh_config.d/*.conf
Host old
    Ciphers 3des-cbc
Host *
    HashKnownHosts Yes
    SendEnv LANG LC_*
    StrictHostKeyChecking=no # later
-- etc/ssh/ssh_config.d/a.conf --
StrictHostKeyChecking ask
Ciphers aes256-gcm@openssh.com,aes128-ctr
`, false)
	doc, _ := collect(t, env, "ssh_client")
	want := map[string][]string{
		"stricthostkeychecking": {"ask"}, "ciphers": {"aes256-gcm@openssh.com", "aes128-ctr"}, "hashknownhosts": {"yes"}, "sendenv": {"LANG", "LC_*"},
	}
	if diff := cmp.Diff(want, doc.SSHClient.Settings); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
}

func TestOpenWrt(t *testing.T) {
	env := testEnv(t, `
-- etc/openwrt_release --
DISTRIB_ID='OpenWrt'
-- etc/config/wireless --
config wifi-iface 'w'
	option encryption 'psk2'
	option key 'geheim'
	option wps_pushbutton '1'
-- etc/shadow 0600 --
root::0:0:99999:7:::
-- etc/opkg.conf --
dest root /
option check_signature
`, false)
	doc, _ := collect(t, env, "openwrt")
	o := doc.OpenWrt
	if o.RootPasswordSet == nil || *o.RootPasswordSet || o.CheckSignature == nil || !*o.CheckSignature {
		t.Errorf("openwrt = %+v", o)
	}
	want := map[string][]string{".type": {"wifi-iface"}, "encryption": {"psk2"}, "key": {"set"}, "wps_pushbutton": {"1"}}
	if diff := cmp.Diff(want, o.UCI["wireless"]["w"]); diff != "" {
		t.Errorf("wireless (-want +got):\n%s", diff)
	}
}
