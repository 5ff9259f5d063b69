package trial

import (
	"fmt"
	"io"
)

// sayer prints in the reader's language.
type sayer struct {
	lang string
	out  io.Writer
}

func (s sayer) text(key string, args ...any) string {
	v := texts[key]
	format := v.en
	if s.lang == "uk" {
		format = v.uk
	}
	if len(args) == 0 {
		return format
	}
	return fmt.Sprintf(format, args...)
}

func (s sayer) step(key string)              { fmt.Fprintf(s.out, "→ %s\n", s.text(key)) }
func (s sayer) done(key string, args ...any) { fmt.Fprintf(s.out, "  %s\n", s.text(key, args...)) }
func (s sayer) line(key string, args ...any) { fmt.Fprintf(s.out, "  %s\n", s.text(key, args...)) }
func (s sayer) head(key string, n int)       { fmt.Fprintf(s.out, "\n%s\n", s.text(key, n)) }
func (s sayer) row(f string, args ...any)    { fmt.Fprintf(s.out, f+"\n", args...) }

type text struct{ en, uk string }

// texts holds every text of the trial, in both languages.
var texts = map[string]text{
	"serve":             {"starting the server", "запуск сервера"},
	"served":            {"agents report to %s (UDP and TCP), pages are at %s", "агенти звітують на %s (UDP і TCP), сторінки: %s"},
	"recipient":         {"a recipient with a site", "отримувач із майданчиком"},
	"recipient.done":    {"recipient %s, site %s", "отримувач %s, майданчик %s"},
	"enrol":             {"enrolling this machine by a one-time token", "реєстрація цієї машини за одноразовим токеном"},
	"enrolled":          {"host %s has a certificate of its own", "вузол %s отримав власний сертифікат"},
	"enrolled.before":   {"host %s is enrolled already", "вузол %s уже зареєстровано"},
	"assess":            {"measuring, judging and sending (the first time takes longest)", "вимірювання, оцінювання й надсилання (перший раз найдовше)"},
	"unprivileged":      {"not root: files of root, loaded firewall rules and kernel events are not read; what needs them is shown as unmeasured", "без прав root: файли root, завантажені правила брандмауера та події ядра не читаються; залежні від них вимоги показано як невиміряні"},
	"assessed":          {"%d controls pass, %d fail, %d unmeasured; %.0f %% decided", "виконано вимог: %d, не виконано: %d, не виміряно: %d; визначено %.0f %%"},
	"sent":              {"report %d arrived by %s: %d bytes sent at the IP layer, %d bytes kept", "звіт %d надійшов через %s: надіслано %d байтів на рівні IP, збережено %d байтів"},
	"problem":           {"the agent says: %s", "агент повідомляє: %s"},
	"findings":          {"FINDINGS: %d open", "ЗНАХІДКИ: відкрито %d"},
	"gaps":              {"GAPS: %d", "ПРОГАЛИНИ: %d"},
	"gap.hosts":         {"%d of %d measured hosts (%d known)", "вузлів: %d із %d виміряних (відомо %d)"},
	"needs":             {"NEEDS: %d", "ПОТРЕБИ: %d"},
	"more":              {"… and %d more", "… і ще %d"},
	"web":               {"\n  pages: %s\n  sign in once, within an hour: %s", "\n  сторінки: %s\n  одноразовий вхід, протягом години: %s"},
	"approve":           {"nothing is approved: donors see nothing until two persons of the recipient approve (vymir-server user create --role recipient_approver ...)", "нічого не погоджено: донори нічого не бачать, доки двоє людей отримувача не погодять (vymir-server user create --role recipient_approver ...)"},
	"files":             {"summary: %s   configuration for other commands: --config %s   (%.1f s)", "підсумок: %s   налаштування для інших команд: --config %s   (%.1f с)"},
	"up":                {"server and agent stay up; stop with Ctrl-C", "сервер і агент працюють; зупинити: Ctrl-C"},
	"severity.critical": {"critical", "критична"},
	"severity.high":     {"high", "висока"},
	"severity.medium":   {"medium", "середня"},
	"severity.low":      {"low", "низька"},
	"severity.info":     {"info", "довідкова"},
}
