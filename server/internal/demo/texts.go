package demo

import (
	"fmt"
	"io"

	"github.com/vymir-project/vymir/server/internal/access"
)

// sayer prints in the reader's language.
type sayer struct {
	lang string
	out  io.Writer
}

func (s sayer) line(key string, args ...any) {
	format := texts[key].en
	if s.lang == "uk" {
		format = texts[key].uk
	}
	fmt.Fprintf(s.out, format+"\n", args...)
}

func (s sayer) summary(m *Summary) {
	s.line("size", m.Recipients, m.Hosts, m.Reports, m.Seconds)
	s.line("found", m.Findings["open"], m.Findings["closed"], m.Reopened, m.Waivers)
	s.line("needs", m.Gaps, m.Needs)
	s.line("releases", m.Releases["published"], m.Releases["draft"], m.Releases["withdrawn"], m.Releases["superseded"])
	count := 0
	for _, n := range m.Pledges {
		count += n
	}
	s.line("pledges", count, m.Pledges["verified"]+m.Pledges["sustained"], m.Pledges["regressed"])
	s.line("web", m.Web)
	if len(m.SignIns) > 0 {
		s.line("password", m.SignIns[0].Password)
	}
	for _, i := range m.SignIns {
		role := texts["role."+string(i.Role)].en
		if s.lang == "uk" {
			role = texts["role."+string(i.Role)].uk
		}
		fmt.Fprintf(s.out, "  %-20s %-34s %s\n", i.Login, role, i.Link)
	}
}

type text struct{ en, uk string }

// texts holds every text of the demo's command line, in both languages.
var texts = map[string]text{
	"week":     {"week %d of %d: %d recipients, %d hosts, %d reports", "тиждень %d із %d: отримувачів %d, вузлів %d, звітів %d"},
	"size":     {"\n%d fictitious recipients, %d simulated hosts, %d reports delivered; the history took %.0f s to write", "\nВигаданих отримувачів: %d, змодельованих вузлів: %d, доставлених звітів: %d; історію записано за %.0f с"},
	"found":    {"findings: %d open, %d closed, %d failed again; %d waivers hold", "знахідки: відкрито %d, усунуто %d, виникли знову %d; чинних винятків %d"},
	"needs":    {"gaps: %d, needs: %d", "прогалини: %d, потреби: %d"},
	"releases": {"catalogue: %d published, %d drafts, %d withdrawn, %d superseded", "каталог: оприлюднено %d, чернеток %d, відкликано %d, замінено %d"},
	"pledges":  {"pledges: %d, of them %d with a verified effect, %d whose effect was lost", "зобов'язання: %d, з них із підтвердженим ефектом %d, з утраченим ефектом %d"},
	"web":      {"\npages: %s (the certificate is the demo's own: the browser will warn)", "\nсторінки: %s (сертифікат власний, тож браузер попередить про це)"},
	"password": {"one password for all of these: %s\nor a link that works once, within a day:", "один пароль для всіх: %s\nабо посилання, що спрацює один раз протягом доби:"},
	"up":       {"\nthe server is up: pages at %s, hosts report to %s; stop with Ctrl-C", "\nсервер працює: сторінки %s, вузли звітують на %s; зупинити: Ctrl-C"},

	"role." + string(access.RecipientAdmin):    {"recipient's administrator", "адміністратор отримувача"},
	"role." + string(access.RecipientApprover): {"recipient's approver", "погоджувач отримувача"},
	"role." + string(access.Assessor):          {"assessor of all recipients", "оцінювач усіх отримувачів"},
	"role." + string(access.Donor):             {"donor", "донор"},
	"role." + string(access.Observer):          {"observer", "спостерігач"},
	"role." + string(access.Coordinator):       {"coordinator", "координатор"},
	"role." + string(access.Auditor):           {"auditor of the trail", "аудитор журналу"},
}
