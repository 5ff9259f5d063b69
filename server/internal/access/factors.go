package access

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"fmt"
	"image/png"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"github.com/vymir-project/vymir/server/internal/store"
)

// One-time codes: RFC 6238 with what every authenticator app takes.
const (
	totpPeriod    = 30
	totpSkew      = 1 // steps before and after that are taken as well: clocks differ
	recoveryCodes = 10
)

var totpOptions = totp.ValidateOpts{Period: totpPeriod, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}

// ErrCode means a one-time code that is wrong, old or used already.
var ErrCode = errors.New("the code is wrong or was used already")

// Factors is how a person signs in beside the password.
type Factors struct {
	Password  bool
	Codes     bool // one-time codes are on
	Recovery  int  // recovery codes left
	Passkeys  []store.Passkey
	Providers []store.Identity
	// What this server offers.
	PasskeysOffered bool
	Provider        string // name of the OpenID provider; "": none
}

// Factors lists the actor's own.
func (s *Service) Factors(ctx context.Context, a Actor) (f Factors, err error) {
	f.PasskeysOffered, f.Provider = s.keys != nil, s.ProviderName()
	err = s.st.View(ctx, func(tx *store.Tx) error {
		u, err := tx.User(a.UserID)
		if err != nil {
			return err
		}
		f.Password, f.Codes = u.PasswordHash != "", u.TOTP != ""
		if f.Recovery, err = tx.RecoveryCodes(u.ID); err != nil {
			return err
		}
		if f.Passkeys, err = tx.Passkeys(u.ID); err != nil {
			return err
		}
		f.Providers, err = tx.Identities(u.ID)
		return err
	})
	for i := range f.Passkeys {
		f.Passkeys[i].Body = ""
	}
	return f, err
}

// NewTOTP is a secret of one-time codes that waits to be confirmed.
type NewTOTP struct {
	Secret string // base32, to be typed
	URI    string // otpauth://, to be shown as a picture
}

// Picture is the address as a QR code, PNG.
func (n NewTOTP) Picture() ([]byte, error) {
	k, err := otp.NewKeyFromURL(n.URI)
	if err != nil {
		return nil, fmt.Errorf("read otpauth address: %w", err)
	}
	img, err := k.Image(232, 232)
	if err != nil {
		return nil, fmt.Errorf("draw QR code: %w", err)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return nil, fmt.Errorf("encode QR code: %w", err)
	}
	return b.Bytes(), nil
}

// BeginTOTP makes a secret for the actor's authenticator app. It counts once [Service.ConfirmTOTP] has seen a code of it.
func (s *Service) BeginTOTP(ctx context.Context, a Actor) (NewTOTP, error) {
	if err := s.fresh(a); err != nil {
		return NewTOTP{}, err
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: "Vymir", AccountName: a.Login, Period: totpPeriod, Digits: otp.DigitsSix, SecretSize: 20})
	if err != nil {
		return NewTOTP{}, fmt.Errorf("make secret: %w", err)
	}
	err = s.st.Tx(ctx, func(tx *store.Tx) error {
		u, err := tx.User(a.UserID)
		if err != nil {
			return err
		}
		return tx.SetTOTP(u.ID, u.TOTP, s.seal.Seal("totp:"+u.ID, []byte(key.Secret())), u.TOTPStep)
	})
	return NewTOTP{Secret: key.Secret(), URI: key.URL()}, err
}

// ConfirmTOTP turns one-time codes on and returns fresh recovery codes, which are shown once. [ErrCode] when the code
// is not of the secret that [Service.BeginTOTP] made last.
func (s *Service) ConfirmTOTP(ctx context.Context, a Actor, code string) (recovery []string, err error) {
	if err := s.fresh(a); err != nil {
		return nil, err
	}
	if err := s.count(ctx, secondAllowance(a.UserID)); err != nil {
		return nil, err
	}
	err = s.st.Tx(ctx, func(tx *store.Tx) error {
		u, err := tx.User(a.UserID)
		if err != nil {
			return err
		}
		step, ok, err := s.stepOf(u.ID, u.TOTPPending, code)
		if err != nil {
			return err
		}
		if !ok {
			return ErrCode
		}
		if err := tx.SetTOTP(u.ID, u.TOTPPending, "", step); err != nil {
			return err
		}
		if recovery, err = s.newRecovery(tx, u.ID); err != nil {
			return err
		}
		return errors.Join(forgive(tx, secondAllowance(u.ID)), s.audit(tx, "user:"+u.ID, "user.totp_on", "user:"+u.ID))
	})
	return recovery, err
}

// EndTOTP turns one-time codes off; a code, or a recovery code, is needed.
func (s *Service) EndTOTP(ctx context.Context, a Actor, code string) error {
	if a.Session == "" {
		return ErrSession
	}
	if err := s.count(ctx, secondAllowance(a.UserID)); err != nil {
		return err
	}
	return s.st.Tx(ctx, func(tx *store.Tx) error {
		u, err := tx.User(a.UserID)
		if err != nil {
			return err
		}
		ok, _, err := s.checkCode(tx, u, code)
		if err != nil {
			return err
		}
		if !ok {
			return ErrCode
		}
		keys, err := tx.Passkeys(u.ID)
		if err != nil {
			return err
		}
		if len(keys) == 0 { // with passkeys the recovery codes stay: they are the way back in
			if err := tx.PutRecoveryCodes(u.ID, nil, s.now()); err != nil {
				return err
			}
		}
		return errors.Join(forgive(tx, secondAllowance(u.ID)), tx.SetTOTP(u.ID, "", "", 0), s.audit(tx, "user:"+u.ID, "user.totp_off", "user:"+u.ID))
	})
}

// NewRecoveryCodes replaces the actor's recovery codes; a one-time code is needed.
func (s *Service) NewRecoveryCodes(ctx context.Context, a Actor, code string) (recovery []string, err error) {
	if a.Session == "" {
		return nil, ErrSession
	}
	if err := s.count(ctx, secondAllowance(a.UserID)); err != nil {
		return nil, err
	}
	err = s.st.Tx(ctx, func(tx *store.Tx) error {
		u, err := tx.User(a.UserID)
		if err != nil {
			return err
		}
		ok, _, err := s.checkCode(tx, u, code)
		if err != nil {
			return err
		}
		if !ok {
			return ErrCode
		}
		if recovery, err = s.newRecovery(tx, u.ID); err != nil {
			return err
		}
		return errors.Join(forgive(tx, secondAllowance(u.ID)), s.audit(tx, "user:"+u.ID, "user.recovery_codes", "user:"+u.ID))
	})
	return recovery, err
}

// newRecovery makes recovery codes of 80 random bits each and stores their hashes.
func (s *Service) newRecovery(tx *store.Tx, user string) (codes []string, err error) {
	var hashes []string
	for range recoveryCodes {
		b := make([]byte, 10)
		rand.Read(b) //nolint:errcheck // never fails since Go 1.24
		c := strings.ToLower(base32.StdEncoding.EncodeToString(b))
		codes = append(codes, c[:4]+"-"+c[4:8]+"-"+c[8:12]+"-"+c[12:])
		hashes = append(hashes, recoveryHash(user, c))
	}
	return codes, tx.PutRecoveryCodes(user, hashes, s.now())
}

func recoveryHash(user, code string) string { return hashSecret("recovery\x00" + user + "\x00" + code) }

// checkCode takes a one-time code or uses up a recovery code.
func (s *Service) checkCode(tx *store.Tx, u store.User, code string) (ok bool, how string, err error) {
	code = strings.ToLower(strings.NewReplacer(" ", "", "-", "").Replace(code))
	if len(code) > 64 {
		return false, "", nil
	}
	if len(code) != 6 {
		err := tx.UseRecoveryCode(u.ID, recoveryHash(u.ID, code))
		if errors.Is(err, store.ErrNotFound) {
			return false, "", nil
		}
		return err == nil, "recovery", err
	}
	step, ok, err := s.stepOf(u.ID, u.TOTP, code)
	if err != nil || !ok {
		return false, "", err
	}
	err = tx.TakeTOTPStep(u.ID, step)
	if errors.Is(err, store.ErrNotFound) {
		return false, "", nil // used already, or older than one that was
	}
	return err == nil, "totp", err
}

// stepOf finds the step that a code belongs to.
func (s *Service) stepOf(user, sealed, code string) (step int64, ok bool, err error) {
	if sealed == "" {
		return 0, false, nil
	}
	secret, err := s.seal.Unseal("totp:"+user, sealed)
	if err != nil {
		return 0, false, fmt.Errorf("read secret of one-time codes: %w", err)
	}
	now := s.now().Unix() / totpPeriod
	for d := int64(-totpSkew); d <= totpSkew; d++ {
		want, err := totp.GenerateCodeCustom(string(secret), time.Unix((now+d)*totpPeriod, 0), totpOptions)
		if err != nil {
			return 0, false, fmt.Errorf("compute code: %w", err)
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			step, ok = now+d, true
		}
	}
	return step, ok, nil
}
