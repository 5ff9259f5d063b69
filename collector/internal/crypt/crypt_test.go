package crypt

import "testing"

func TestVerify(t *testing.T) {
	// hashes made by openssl passwd and by the C library
	tests := []struct{ password, hash string }{
		{"password", `$1$saltSALT$LleoMf/aZhN0x40MTz7v5.`},
		{"password", `$5$saltSALT$s9ViC5xA/dYwyCUMBCc15YtCeAr8sTEjzDN0BLR3Uu1`},
		{"password", `$6$saltSALT$wHU3cShdmYK.cqsC/ub0laAN/cdpQjAbhoD0zIxsoi0H4K7muNQDNdDrnrqnr7f.XVqcTyaA9OLatkt8Kd2NG1`},
		{"admin", `$1$saltSALT$urQ1LbUcXKiqVSKz1jskc1`},
		{"admin", `$5$saltSALT$/3FYb..RkSjaVp4NpdbO8SK/NLrRlAcqc4o1kW7ydJ9`},
		{"admin", `$6$saltSALT$vV7A3IJ9ed/2BZ7a2IUwYdbOzxk0G7thiKT4vrIAQj.vZ5Y9xdcYiPCmFDU3KcfEHQxnq6X0xpYdketbtTGvX0`},
		{"a", `$1$saltSALT$H7/7E6rYw5/JvMbnIAZ1v/`},
		{"a", `$5$saltSALT$SFjIeAoueehwIUK5IOldPRiKhTVJCg6KIXDzpH58h/1`},
		{"a", `$6$saltSALT$oYuhvd7TR8vJ59dJuOZaYPQnwK8xLI6T.8ZHArT2.KDEyyKv1TG9p0ir/9gL6zT410vBHE02qLeQMxNNawhE20`},
		{"verylongpassword-over-sixteen-chars", `$1$saltSALT$9Tfw1ZuUrDD55K2FPk51d/`},
		{"verylongpassword-over-sixteen-chars", `$5$saltSALT$bSnFmqq1LPVhMaQjbPMtsl2.AG83..WB5u1ZZsugF66`},
		{"verylongpassword-over-sixteen-chars", `$6$saltSALT$i4YI98mosyvE0xV21CvGRWsGFTPTahevS/t36EQihoMPINrQseST.WV7E6GYh/.Nws9lcqY1jW7FWDvjLgOMU0`},
		{"admin", "$6$rounds=1234$abcdefghijklmnop$TmuEFPyAq2D46djRrlhzJwEfneLcvduGCRTkvynIgsNtuD6ZSZwqlgw/deHNR6WOKmjA2.cKTtKIQaXV9KAFX/"},
		{"admin", "$5$rounds=9999$x$Jkso/Cfz88Y9/DD4bV/ygEV1aJdxXYyJ/LmN2SWsFdD"},
	}
	for _, tt := range tests {
		if match, ok := Verify(tt.password, tt.hash); !ok || !match {
			t.Errorf("Verify(%q, %q) = %v, %v", tt.password, tt.hash, match, ok)
		}
		if match, ok := Verify(tt.password+"x", tt.hash); !ok || match {
			t.Errorf("Verify of a wrong password against %q = %v, %v", tt.hash, match, ok)
		}
	}
}

func TestVerifyRefuses(t *testing.T) {
	for _, hash := range []string{
		"", "x", "$", "$6$", "$6$salt", "$y$j9T$a$b", "$2b$10$abc", "$6$rounds=999999999$salt$x", "$6$rounds=x$salt$x", "abJnggxhB/yWI",
	} {
		if match, ok := Verify("admin", hash); match || ok {
			t.Errorf("Verify(%q) = %v, %v; want it refused", hash, match, ok)
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add("admin", "$6$rounds=1000$salt$x")
	f.Add("", "$1$$")
	f.Fuzz(func(_ *testing.T, password, hash string) { Verify(password, hash) })
}

func BenchmarkVerifySHA512(b *testing.B) {
	for b.Loop() {
		Verify("password", "$6$saltSALT$x")
	}
}
