// Package say gives the server's errors to a person in the person's language. Errors are written in English where they are
// made; here stands what their sentences are in Ukrainian. What a sentence is wrapped in (which file, which host) stays.
package say

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/catalogue"
	"github.com/vymir-project/vymir/server/internal/desk"
	"github.com/vymir-project/vymir/server/internal/enrol"
	"github.com/vymir-project/vymir/server/internal/foreign"
	"github.com/vymir-project/vymir/server/internal/hook"
	"github.com/vymir-project/vymir/server/internal/ingest"
	"github.com/vymir-project/vymir/server/internal/review"
	"github.com/vymir-project/vymir/server/internal/search"
	"github.com/vymir-project/vymir/server/internal/store"
)

// known are the errors that callers tell apart, with what they are in Ukrainian.
var known = []struct {
	err error
	uk  string
}{
	{store.ErrNotFound, "не знайдено"},
	{store.ErrExists, "вже існує"},
	{store.ErrAuditBroken, "журнал аудиту пошкоджено"},
	{store.ErrServing, "із цією базою працює сервер: спершу зупиніть його"},
	{store.ErrSchema, "схема бази не відповідає цій версії"},
	{access.ErrSignIn, "у вході відмовлено"},
	{access.ErrUnauthenticated, "вхід не виконано"},
	{access.ErrStale, "щоб це змінити, увійдіть знову"},
	{access.ErrSession, "це може зробити лише людина, що увійшла, а не ключ API"},
	{access.ErrUnavailable, "цей сервер такого не пропонує"},
	{access.ErrInvalid, "недійсне значення"},
	{access.ErrWeakPassword, "пароль має містити від 12 до 256 символів, різноманітних і не з власного імені"},
	{access.ErrCode, "код неправильний або вже використаний"},
	{access.ErrOldPassword, "теперішній пароль неправильний"},
	{access.ErrUntied, "цей зовнішній обліковий запис ні до кого тут не прив'язано"},
	{access.ErrPerson, "тут можна змінювати лише адміністраторів того самого отримувача; решту змінює той, хто керує сервером"},
	{enrol.ErrTokenMalformed, "цей текст не є токеном"},
	{enrol.ErrTokenForeign, "токен створив інший сервер"},
	{enrol.ErrKeyLocked, "файл ключа зашифровано, і наданим його не відкрити"},
	{enrol.ErrRotation, "центр сертифікації не в тому стані для цього кроку"},
	{enrol.ErrHostRevoked, "вузол відкликано"},
	{enrol.ErrHostUnknown, "вузол невідомий або ключ не той, з яким його зареєстровано"},
	{ingest.ErrNoStick, "ще не прийнято жодного файлу з носія, який просив би відповіді"},
	{wire.ErrTooLarge, "більше за дозволену межу"},
	{catalogue.ErrState, "у цьому стані неможливо"},
	{catalogue.ErrChanged, "текст змінився після прочитання"},
	{catalogue.ErrSame, "схвалити має друга, інша особа"},
	{catalogue.ErrUntil, "кінцева дата має бути в майбутньому, не далі ніж за рік"},
	{catalogue.ErrAudience, "потрібно назвати наявні організації-донори"},
	{catalogue.ErrTarget, "потрібні адреса https і секрет щонайменше з 24 байтів"},
	{catalogue.ErrNothing, "немає чого заморожувати"},
	{search.ErrText, "для пошуку потрібно від двох до ста символів"},
	{review.ErrReasonMissing, "потрібне обґрунтування"},
	{review.ErrUntilMissing, "виняток потребує кінцевої дати"},
	{review.ErrUntilRange, "кінцева дата має бути в майбутньому, не далі ніж за рік"},
	{review.ErrClosed, "знахідка не відкрита"},
	{review.ErrUnknown, "невідоме рішення"},
	{desk.ErrForbidden, "немає права"},
	{desk.ErrText, "текст має містити від 1 до 4000 символів"},
	{desk.ErrFile, "не прийнято як доказ"},
	{desk.ErrBulk, "назвіть від 1 до 200 знахідок"},
	{desk.ErrFilter, "збереженому фільтру потрібні назва до 60 літер і запит списку знахідок"},
	{desk.ErrWebhooks, "отримувач має щонайбільше 10 вебсповіщень"},
	{foreign.ErrFormat, "це не звіт OpenSCAP (XCCDF, ARF), Lynis (report.dat) чи SARIF 2.1.0"},
	{foreign.ErrTooMany, "звіт містить понад 20 000 результатів"},
	{hook.ErrURL, "адреса вебсповіщення має бути https:// з ім'ям сервера, без користувача й фрагмента"},
	{hook.ErrPrivate, "адреса веде до приватної або службової мережі, яку цей сервер не викликає"},
}

// phrases are sentences with a place or two that are made where they happen. A test finds each in the sources.
var phrases = []struct{ en, uk string }{
	{"a server runs on this state: stop it first", "із цими даними працює сервер: спершу зупиніть його"},
	{"backup: %s is already there", "резервна копія: %s вже існує"},
	{"%s is not a sound backup", "%s не є справною резервною копією"},
	{"holds a database password and everybody can read it: make it mode 0640 or stricter", "містить пароль бази, і його може прочитати будь-хто: задайте права 0640 або суворіші"},
	{"everybody can read %s: make it mode 0640 or stricter", "%s може прочитати будь-хто: задайте права 0640 або суворіші"},
	{"can be written by others (mode %04o): make it 0750 or stricter", "можуть змінювати інші (права %04o): задайте 0750 або суворіші"},
	{"is not https: sessions would travel readable", "не є https: сеанси передавалися б відкрито"},
	{"is not https: anybody on the way could sign in as anybody", "не є https: будь-хто на шляху міг би увійти як будь-хто"},
	{"must be https://HOST or https://HOST:PORT", "має бути https://ВУЗОЛ або https://ВУЗОЛ:ПОРТ"},
	{"must be HOST:PORT of this machine (127.0.0.1:9464): it answers everybody, unencrypted", "має бути ВУЗОЛ:ПОРТ цієї машини (127.0.0.1:9464): відповідь отримує будь-хто, без шифрування"},
	{"must be HOST:PORT", "має бути ВУЗОЛ:ПОРТ"},
	{"belong together: give both or neither", "потрібні разом: вкажіть обидва або жодного"},
	{"must not be negative", "не може бути від'ємним"},
	{"must be a number of days, or -1 to keep for ever", "має бути числом днів або -1, щоб зберігати завжди"},
	{"must be text or json", "має бути text або json"},
	{"is needed with the other settings of oidc", "потрібен разом з іншими параметрами oidc"},
	{"a recipient needs a name", "отримувачу потрібна назва"},
	{"a site needs a name", "майданчику потрібна назва"},
	{"a donor organisation needs a name", "організації-донору потрібна назва"},
	{"want one of", "потрібне одне з"},
	{"login must be 1 to 64 letters, digits and . _ - @", "логін має містити від 1 до 64 латинських літер, цифр і знаків . _ - @"},
	{"does not go with this scope", "не поєднується з такою сферою"},
	{"there is no recipient", "немає отримувача"},
	{"there is no donor organisation", "немає організації-донора"},
	{"missing in the database:", "у базі бракує:"},
	{"run vymir-server migrate", "виконайте vymir-server migrate"},
}

// place turns a phrase with verbs into a pattern with groups.
func place(en string) *regexp.Regexp {
	text := regexp.QuoteMeta(en)
	text = regexp.MustCompile(`%[0-9]*[a-z]`).ReplaceAllString(text, `(\S+)`)
	return regexp.MustCompile(text)
}

var patterns = func() []*regexp.Regexp {
	var out []*regexp.Regexp
	for _, p := range phrases {
		out = append(out, place(p.en))
	}
	return out
}()

var verb = regexp.MustCompile(`%[0-9]*[a-z]`)

// Error is the text of an error in a language: uk, or anything else for English.
func Error(lang string, err error) string {
	text := err.Error()
	if lang != "uk" {
		return text
	}
	for _, k := range known {
		if errors.Is(err, k.err) {
			text = strings.ReplaceAll(text, k.err.Error(), k.uk)
		}
	}
	return phrased(text)
}

// Text is the text of an error in a language, where only the text is left of it.
func Text(lang, text string) string {
	if lang != "uk" {
		return text
	}
	for _, k := range longest {
		text = strings.ReplaceAll(text, k.err.Error(), k.uk)
	}
	return phrased(text)
}

// longest is known without words that stand in other sentences, the longest first.
var longest = func() []struct {
	err error
	uk  string
} {
	list := slices.Clone(known)
	slices.SortFunc(list, func(a, b struct {
		err error
		uk  string
	}) int {
		return len(b.err.Error()) - len(a.err.Error())
	})
	return list
}()

func phrased(text string) string {
	for i, p := range patterns {
		text = p.ReplaceAllStringFunc(text, func(found string) string {
			groups, out := p.FindStringSubmatch(found)[1:], phrases[i].uk
			for _, g := range groups {
				at := verb.FindStringIndex(out)
				if at == nil {
					break
				}
				out = out[:at[0]] + g + out[at[1]:]
			}
			return out
		})
	}
	return text
}
