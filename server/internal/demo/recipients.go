package demo

import (
	"fmt"

	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/store"
)

// habit is what is wrong with how a recipient is run, beyond single weaknesses; it leaves the patterns that training
// needs are read from.
type habit string

const (
	steady   habit = ""
	slipping habit = "slipping" // what was mended fails again
	waiting  habit = "waiting"  // updates wait although the tools are in place
	untouch  habit = "untouch"  // settings as they came
	alone    habit = "alone"    // nobody takes findings up
)

// recipient is one fictitious institution.
type recipient struct {
	id             string
	uk, en         string
	sector, region string
	criticality    string // of critical infrastructure; "": none
	hosts          int
	users, admins  int
	maturity       float64 // 0 to 1: how well its hosts are kept
	habit          habit
	sites          []string // ids

	helped    bool // somebody is committed to help: its hosts report every week
	admin     access.Actor
	approvers [2]access.Actor
}

// invented are thirty institutions of places that do not exist.
var invented = []recipient{
	{uk: "Центральна лікарня міста Журавлинськ", en: "Zhuravlynsk Central Hospital", sector: "health", region: "UA-46", criticality: "2", hosts: 42, users: 640, admins: 2, maturity: 0.35, habit: slipping},
	{uk: "Водоканал міста Калинодар", en: "Kalynodar Water Utility", sector: "water", region: "UA-53", criticality: "2", hosts: 34, users: 410, admins: 2, maturity: 0.3, habit: waiting},
	{uk: "Зорепадівська міська рада", en: "Zorepadiv City Council", sector: "local_government", region: "UA-32", hosts: 28, users: 260, admins: 1, maturity: 0.4},
	{uk: "Тепломережі Вітрограда", en: "Vitrohrad Heating Networks", sector: "energy", region: "UA-59", criticality: "2", hosts: 30, users: 350, admins: 2, maturity: 0.25, habit: untouch},
	{uk: "Державне агентство архівів і реєстрів (вигадане)", en: "State Agency of Archives and Registers (fictitious)", sector: "central_government", region: "UA-30", criticality: "3", hosts: 56, users: 900, admins: 6, maturity: 0.65},
	{uk: "Медоборівська сільська громада", en: "Medobory Rural Hromada", sector: "local_government", region: "UA-61", hosts: 9, users: 45, maturity: 0.2, habit: alone},
	{uk: "Дитяча лікарня Тихоріччя", en: "Tykhorichchia Children's Hospital", sector: "health", region: "UA-14", criticality: "3", hosts: 22, users: 280, admins: 1, maturity: 0.4},
	{uk: "Обленерго Срібноводщини", en: "Sribnovod Regional Power Distribution", sector: "energy", region: "UA-18", criticality: "1", hosts: 48, users: 1200, admins: 8, maturity: 0.6},
	{uk: "Ясногірський університет", en: "Yasnohir University", sector: "education", region: "UA-73", hosts: 36, users: 2100, admins: 3, maturity: 0.45, habit: untouch},
	{uk: "Лелечинська обласна лікарня", en: "Lelechyn Regional Hospital", sector: "health", region: "UA-07", criticality: "2", hosts: 30, users: 800, admins: 3, maturity: 0.5},
	{uk: "Полинівський водоканал", en: "Polyniv Water Utility", sector: "water", region: "UA-48", criticality: "3", hosts: 16, users: 150, admins: 1, maturity: 0.35},
	{uk: "Трамвайно-тролейбусне управління Громовця", en: "Hromovets Tram and Trolleybus Company", sector: "transport", region: "UA-63", criticality: "3", hosts: 20, users: 520, admins: 2, maturity: 0.4},
	{uk: "Степовирська міська рада", en: "Stepovyr City Council", sector: "local_government", region: "UA-65", hosts: 18, users: 190, admins: 1, maturity: 0.3, habit: alone},
	{uk: "Станція екстреної допомоги Росавина", en: "Rosavyn Emergency Medical Station", sector: "health", region: "UA-71", criticality: "2", hosts: 14, users: 120, admins: 1, maturity: 0.35},
	{uk: "Гідровузол Камінець-Новий", en: "Kaminets-Novyi Hydro Facility", sector: "energy", region: "UA-68", criticality: "1", hosts: 24, users: 300, admins: 4, maturity: 0.55},
	{uk: "Державна служба геоданих (вигадана)", en: "State Geodata Service (fictitious)", sector: "central_government", region: "UA-30", hosts: 26, users: 340, admins: 3, maturity: 0.6},
	{uk: "Дубогайська громада", en: "Dubohai Hromada", sector: "local_government", region: "UA-05", hosts: 8, users: 38, maturity: 0.25},
	{uk: "Хмарочинська громада", en: "Khmarochyn Hromada", sector: "local_government", region: "UA-56", hosts: 7, users: 30, maturity: 0.2},
	{uk: "Золотопільський водоканал", en: "Zolotopil Water Utility", sector: "water", region: "UA-35", criticality: "3", hosts: 14, users: 130, admins: 1, maturity: 0.3, habit: slipping},
	{uk: "Берегинська лікарня", en: "Berehynia Hospital", sector: "health", region: "UA-74", hosts: 12, users: 160, admins: 1, maturity: 0.3},
	{uk: "Регіональний центр зв'язку Світляни", en: "Svitliany Regional Communications Centre", sector: "telecom", region: "UA-21", criticality: "2", hosts: 22, users: 240, admins: 4, maturity: 0.65},
	{uk: "Річковий порт Веселкове", en: "Veselkove River Port", sector: "transport", region: "UA-51", criticality: "3", hosts: 13, users: 170, admins: 1, maturity: 0.35},
	{uk: "Політехнічний коледж Явориці", en: "Yavorytsia Polytechnic College", sector: "education", region: "UA-26", hosts: 10, users: 420, admins: 1, maturity: 0.35},
	{uk: "Очисні споруди Криничани", en: "Krynychany Treatment Plant", sector: "water", region: "UA-12", criticality: "3", hosts: 8, users: 70, maturity: 0.25},
	{uk: "Обласна бібліотека Книгограда", en: "Knyhohrad Regional Library", sector: "culture", region: "UA-77", hosts: 7, users: 60, maturity: 0.3},
	{uk: "Районна підстанція Іскринь", en: "Iskryn District Substation", sector: "energy", region: "UA-23", criticality: "2", hosts: 12, users: 90, admins: 1, maturity: 0.4},
	{uk: "Водоканал Озерищ", en: "Ozeryshcha Water Utility", sector: "water", region: "UA-63", criticality: "4", hosts: 9, users: 85, maturity: 0.3},
	{uk: "Теплоцентраль Жаровинська", en: "Zharovynsk Heat and Power Plant", sector: "energy", region: "UA-59", criticality: "2", hosts: 15, users: 210, admins: 2, maturity: 0.4},
	{uk: "Казначейський сервісний центр (вигаданий)", en: "Treasury Service Centre (fictitious)", sector: "finance", region: "UA-30", criticality: "2", hosts: 6, users: 55, admins: 1, maturity: 0.7},
	{uk: "Медоборівська амбулаторія", en: "Medobory Outpatient Clinic", sector: "health", region: "UA-61", hosts: 4, users: 18, maturity: 0.2},
}

// take gives n of the invented recipients, with their hosts thinned or multiplied to about the given number in all; every
// recipient has at least two.
func take(n, hosts int) []*recipient {
	n = min(max(n, 1), len(invented))
	all := 0
	for _, r := range invented[:n] {
		all += r.hosts
	}
	out := make([]*recipient, n)
	left := hosts
	for i := range out {
		r := invented[i]
		r.id = fmt.Sprintf("r-demo-%02d", i+1)
		r.hosts = max(2, (r.hosts*hosts+all/2)/all)
		left -= r.hosts
		out[i] = &r
	}
	out[0].hosts = max(2, out[0].hosts+left)
	return out
}

func (r *recipient) record() store.Recipient {
	band := "1-49"
	switch {
	case r.users >= 1000:
		band = "1000+"
	case r.users >= 250:
		band = "250-999"
	case r.users >= 50:
		band = "50-249"
	}
	return store.Recipient{ID: r.id, NameUK: r.uk, NameEN: r.en, Sector: r.sector, Region: r.region, SizeBand: band}
}

// places are the sites of a recipient: one, two or three by its hosts.
func (r *recipient) places() []store.Site {
	kinds := []store.Site{
		{NameUK: "Головна будівля", NameEN: "Main building", Connectivity: "fibre", Power: "ups_generator"},
		{NameUK: "Філія", NameEN: "Branch", Connectivity: "mobile", Power: "ups"},
		{NameUK: "Резервний майданчик", NameEN: "Reserve site", Connectivity: "starlink", Power: "generator"},
	}
	n := 1
	if r.hosts >= 12 {
		n = 2
	}
	if r.hosts >= 28 {
		n = 3
	}
	for i := range kinds[:n] {
		kinds[i].ID, kinds[i].RecipientID = fmt.Sprintf("s%s-%d", r.id[1:], i+1), r.id
	}
	if r.maturity < 0.3 {
		kinds[0].Power = "grid"
	}
	return kinds[:n]
}
