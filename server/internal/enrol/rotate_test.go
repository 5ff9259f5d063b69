package enrol_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/vymir-project/vymir/server/internal/enrol"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
)

// copyDir copies the CA's folder, as a crash leaves it.
func copyDir(t *testing.T, from string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	if err := filepath.WalkDir(to, func(name string, d os.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(name, ".key") {
			err = os.Chmod(name, 0o600)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return to
}

// TestCrashInSwitch stops the switch after each of its steps: opening the CA again finishes it.
func TestCrashInSwitch(t *testing.T) {
	dir := t.TempDir()
	ca, err := enrol.OpenCA(dir, storetest.Now)
	if err != nil {
		t.Fatal(err)
	}
	if err := ca.Announce(storetest.Now); err != nil {
		t.Fatal(err)
	}
	announced := copyDir(t, dir)
	if err := ca.Switch(); err != nil {
		t.Fatal(err)
	}
	for done, name := range []string{"", "root.key", "issuing.key", "issuing.crt", "root.crt"} {
		crashed := copyDir(t, announced)
		if err := os.CopyFS(filepath.Join(crashed, "old"), os.DirFS(filepath.Join(dir, "old"))); err != nil {
			t.Fatal(err)
		}
		for _, n := range []string{"root.key", "issuing.key", "issuing.crt", "root.crt"}[:done] {
			b, err := os.ReadFile(filepath.Join(dir, n))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(crashed, n), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		again, err := enrol.OpenCA(crashed, storetest.Now)
		if err != nil {
			t.Fatalf("after %q: %v", name, err)
		}
		if again.Step() != "switched" || again.Pin() != ca.Pin() {
			t.Errorf("after %q: step %q", name, again.Step())
		}
		if _, err := again.Server(storetest.Now); err != nil {
			t.Errorf("after %q: %v", name, err)
		}
	}
}

// TestEncryptedKeys keeps the CA's keys by passphrase and by age identity, moves from one to the other, and refuses what does not open
// them with an error that says so.
func TestEncryptedKeys(t *testing.T) {
	dir := t.TempDir()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	plain, byPhrase, byID := enrol.KeyOptions{}, enrol.KeyOptions{Passphrase: "кілька слів, які ніхто не вгадає"}, enrol.KeyOptions{Identities: id.String()}
	ca, err := enrol.OpenCA(dir, storetest.Now)
	if err != nil {
		t.Fatal(err)
	}
	pin := ca.Pin()
	secret, err := ca.Secret("x")
	if err != nil {
		t.Fatal(err)
	}
	encrypted := func() bool {
		b, err := os.ReadFile(filepath.Join(dir, "issuing.key"))
		if err != nil {
			t.Fatal(err)
		}
		return !bytes.Contains(b, []byte("PRIVATE KEY"))
	}
	for _, c := range []struct {
		name       string
		from, to   enrol.KeyOptions
		encrypted  bool
		not        []enrol.KeyOptions
		rotateLike bool
	}{
		{"to-passphrase", plain, byPhrase, true, []enrol.KeyOptions{plain, byID, {Passphrase: "other"}}, false},
		{"to-identity", byPhrase, byID, true, []enrol.KeyOptions{plain, byPhrase}, true},
		{"to-plain", byID, plain, false, nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if n, err := enrol.Encrypt(dir, c.from, c.to); err != nil || n != 3 || encrypted() != c.encrypted {
				t.Fatalf("%d files (%v), encrypted %v", n, err, encrypted())
			}
			for _, wrong := range c.not {
				if _, err := enrol.OpenCAWith(dir, wrong, storetest.Now); !errors.Is(err, enrol.ErrKeyLocked) {
					t.Errorf("opened by what does not fit: %v", err)
				}
			}
			again, err := enrol.OpenCAWith(dir, c.to, storetest.Now)
			if err != nil {
				t.Fatal(err)
			}
			if again.Pin() != pin || again.ExportRecipient() != ca.ExportRecipient() {
				t.Error("another CA")
			}
			if got, err := again.Secret("x"); err != nil || got != secret {
				t.Errorf("another secret (%v)", err)
			}
			if c.rotateLike {
				if err := again.Rotate(nil, storetest.Now); err != nil || !encrypted() {
					t.Errorf("rotation: %v; the new key is encrypted: %v", err, encrypted())
				}
				if secret, err = again.Secret("x"); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// TestKeyInPKCS11 has the issuing key in a token (SoftHSM) and signs by OpenSC's pkcs11-tool: no file holds it.
func TestKeyInPKCS11(t *testing.T) {
	for _, tool := range []string{"softhsm2-util", "pkcs11-tool"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("needs the program %s (Debian packages softhsm2, opensc)", tool)
		}
	}
	modules, _ := filepath.Glob("/usr/lib/*/softhsm/libsofthsm2.so")
	if len(modules) == 0 {
		modules, _ = filepath.Glob("/usr/lib/softhsm/libsofthsm2.so")
	}
	if len(modules) == 0 {
		t.Skip("needs SoftHSM's module libsofthsm2.so (Debian package libsofthsm2)")
	}
	dir := t.TempDir()
	conf := filepath.Join(dir, "softhsm2.conf")
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "tokens"), 0o700), os.WriteFile(conf, []byte("directories.tokendir = "+dir+"/tokens\n"), 0o600),
		os.WriteFile(filepath.Join(dir, "pin"), []byte("1234"), 0o600)); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SOFTHSM2_CONF", conf)
	run := func(name string, args ...string) {
		t.Helper()
		if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
			t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
		}
	}
	run("softhsm2-util", "--init-token", "--free", "--label", "vymir", "--so-pin", "5678", "--pin", "1234")
	tool := []string{"pkcs11-tool", "--module", modules[0], "--token-label", "vymir", "--login", "--pin", "1234"}
	run(tool[0], append(tool[1:], "--keypairgen", "--key-type", "EC:prime256v1", "--id", "01", "--label", "issuing")...)
	public := filepath.Join(dir, "public.der")
	run(tool[0], append(tool[1:], "--read-object", "--type", "pubkey", "--id", "01", "--output-file", public)...)
	b, err := os.ReadFile(public)
	if err != nil {
		t.Fatal(err)
	}
	k, err := x509.ParsePKIXPublicKey(b)
	if err != nil {
		t.Fatal(err)
	}

	keys := enrol.KeyOptions{Signer: append(tool, "--sign", "--id", "01", "--mechanism", "ECDSA", "--signature-format", "openssl")}
	folder := filepath.Join(dir, "ca")
	ca, err := enrol.OpenCAWith(folder, keys, storetest.Now)
	if err != nil {
		t.Fatal(err)
	}
	pin := ca.Pin()
	if err := ca.Rotate(k.(*ecdsa.PublicKey), storetest.Now); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(folder, "issuing.key")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a key file is left: %v", err)
	}
	again, err := enrol.OpenCAWith(folder, keys, storetest.Now)
	if err != nil || again.Pin() != pin {
		t.Fatalf("opening again: %v", err)
	}
	host := newKey(t)
	c, err := again.SignHost(&host.PublicKey, "h-1", storetest.Now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Verify(x509.VerifyOptions{Roots: again.Clients(), CurrentTime: storetest.Now.Add(time.Hour), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err != nil {
		t.Error(err)
	}
	one, err := ca.Secret("x")
	if two, err2 := again.Secret("x"); err != nil || err2 != nil || one != two {
		t.Errorf("two processes derive different secrets (%v, %v)", err, err2)
	}
	for name, signer := range map[string][]string{"other-key": {"/bin/cat"}, "fails": {"/bin/false"}, "absent": {"/nonexistent"}} {
		bad, err := enrol.OpenCAWith(folder, enrol.KeyOptions{Signer: signer}, storetest.Now)
		if err == nil {
			_, err = bad.SignHost(&host.PublicKey, "h-2", storetest.Now)
		}
		if err == nil {
			t.Errorf("%s: signed", name)
		}
	}
}
