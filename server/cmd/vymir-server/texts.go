package main

import (
	"fmt"
	"strings"
)

// texts says things in the reader's language.
type texts struct{ lang string }

// language finds the reader's language: --lang, else the locale of the environment, else English.
func language(args []string, env func(string) string) string {
	for i, a := range args {
		if v, ok := strings.CutPrefix(a, "--lang="); ok {
			return supported(v)
		}
		if a == "--lang" && i+1 < len(args) {
			return supported(args[i+1])
		}
	}
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := env(name); v != "" {
			return supported(v)
		}
	}
	return "en"
}

func supported(v string) string {
	if strings.HasPrefix(strings.ToLower(v), "uk") {
		return "uk"
	}
	return "en"
}

// say gives a text, with args put in as fmt does.
func (t texts) say(key string, args ...any) string {
	text, ok := catalogue[key]
	if !ok {
		return key
	}
	s := text.en
	if t.lang == "uk" {
		s = text.uk
	}
	if len(args) == 0 {
		return s
	}
	return fmt.Sprintf(s, args...)
}

type text struct{ en, uk string }

// catalogue holds every text of the command line, in both languages.
var catalogue = map[string]text{
	"root":        {"Vymir's central server: hosts report to it, people look at it", "Центральний сервер Виміру: вузли звітують йому, люди працюють із ним"},
	"flag.config": {"configuration file (default: /etc/vymir/server.yaml when it is there)", "файл налаштувань (типово: /etc/vymir/server.yaml, якщо він є)"},
	"flag.lang":   {"language of texts: uk or en", "мова текстів: uk або en"},
	"flag.format": {"output: %s", "вигляд виводу: %s"},

	"serve":           {"answer hosts and people until told to stop", "обслуговувати вузли й людей, доки не зупинять"},
	"serve.up":        {"agents: %s (UDP and TCP)   web: %s", "агенти: %s (UDP і TCP)   вебадреса: %s"},
	"trial":           {"run server and agent on this machine, once round: enrol, assess, send, show", "запустити сервер і агента на цій машині: зареєструвати, оцінити, надіслати, показати"},
	"trial.once":      {"stop after the first full round", "зупинитися після першого повного кола"},
	"demo":            {"fill a folder of its own with fictitious recipients, simulated hosts and a year of history, and serve it", "заповнити окрему папку вигаданими отримувачами, змодельованими вузлами й роком подій та показати це"},
	"demo.state":      {"folder of the demo; a finished one is served again", "папка демонстрації; готову буде показано знову"},
	"demo.seed":       {"the story: equal seeds tell the same one", "зерно історії: однакові дають ту саму історію"},
	"demo.recipients": {"how many recipients, up to 30", "скільки отримувачів, щонайбільше 30"},
	"demo.hosts":      {"how many hosts, up to 10000", "скільки вузлів, щонайбільше 10000"},
	"demo.weeks":      {"how many weeks of history, 12 or more", "скільки тижнів історії, від 12"},
	"demo.once":       {"write the history and stop", "записати історію й зупинитися"},
	"trial.agent":     {"path of the vymir-agent program", "шлях до програми vymir-agent"},

	"token":                   {"tokens by which hosts enrol", "токени для реєстрації вузлів"},
	"token.create":            {"make a token for a recipient's site; its text is shown once", "створити токен для майданчика отримувача; його текст показується один раз"},
	"token.list":              {"list tokens (never their texts)", "перелічити токени (без їхніх текстів)"},
	"token.revoke":            {"end a token", "відкликати токен"},
	"token.flag.uses":         {"how many hosts it may enrol", "скільки вузлів можна зареєструвати"},
	"token.flag.ttl":          {"how long it holds", "скільки він діє"},
	"token.flag.count":        {"how many tokens to make", "скільки токенів створити"},
	"token.count":             {"--count must be from 1 to %d", "--count має бути від 1 до %d"},
	"token.drawn":             {"%s for %s, %s: %d host(s), holds until %s", "%s для %s, %s: вузлів: %d, діє до %s"},
	"token.hint":              {"holds until %s, for %d host(s); enrol with: vymir-agent enrol --server %s --token-file FILE", "діє до %s, вузлів: %d; реєстрація: vymir-agent enrol --server %s --token-file ФАЙЛ"},
	"bundle":                  {"signed policy bundles that hosts are judged by", "підписані пакети політик, за якими оцінюють вузли"},
	"bundle.keygen":           {"make a key pair to sign bundles; keep the secret key away from the server", "створити пару ключів для підпису пакетів; таємний ключ зберігайте не на сервері"},
	"bundle.keys_made":        {"secret key: %s (keep it offline)   public key: %s (for bundle trust and hosts)", "таємний ключ: %s (зберігайте офлайн)   відкритий ключ: %s (для bundle trust і вузлів)"},
	"bundle.build":            {"make and sign a bundle, of the built-in policies or of a folder; needs no server", "скласти й підписати пакет із вбудованих політик або з теки; сервер не потрібен"},
	"bundle.new_control":      {"write a control of your own to fill in, with its test, into a folder", "створити в теці заготовку власної вимоги разом із тестом"},
	"bundle.flag.beside":      {"put the folder's controls beside the built-in ones instead of in their place", "додати вимоги теки до вбудованих, а не замінити їх"},
	"bundle.built":            {"%s: %s revision %d, %d bytes, taken as an update until %s", "%s: %s, редакція %d, байтів: %d, приймається як оновлення до %s"},
	"bundle.trust":            {"set the public keys that bundles must be signed by; hosts get them when they enrol", "задати відкриті ключі, якими мають бути підписані пакети; вузли отримують їх під час реєстрації"},
	"bundle.publish":          {"check a signed bundle or vulnerability index and offer it to hosts", "перевірити підписаний пакет чи індекс вразливостей і запропонувати його вузлам"},
	"bundle.published":        {"published: %s revision %d, %d bytes", "опубліковано: %s, редакція %d, байтів: %d"},
	"bundle.list":             {"list what was published and to whom it is offered", "перелічити опубліковане й кому його пропонують"},
	"bundle.withdraw":         {"end an offer; hosts keep what they took", "припинити пропозицію; вузли зберігають те, що вже прийняли"},
	"bundle.flag.keyfiles":    {"names of the files without .key and .pub; the password is taken from VYMIR_KEY_PASSWORD", "назви файлів без .key і .pub; пароль береться з VYMIR_KEY_PASSWORD"},
	"bundle.flag.key":         {"file with the secret key; its password is taken from VYMIR_KEY_PASSWORD", "файл із таємним ключем; його пароль береться з VYMIR_KEY_PASSWORD"},
	"bundle.flag.output":      {"file to write", "файл для запису"},
	"bundle.flag.ttl":         {"how long hosts take it as an update; afterwards those that have it go on judging by it", "скільки часу вузли приймають його як оновлення; згодом ті, хто його має, далі оцінюють за ним"},
	"bundle.flag.next":        {"file with the public keys that the bundles after this one are signed by", "файл із відкритими ключами, якими підписуватимуть наступні пакети"},
	"directive":               {"what hosts are asked at their next check-in", "про що просять вузли на наступному сеансі"},
	"directive.set":           {"ask for another interval, or for less in the reports; never for more", "просити іншого інтервалу або меншого обсягу звітів; більшого - ніколи"},
	"directive.measure":       {"ask hosts to measure and report now", "просити вузли виміряти й звітувати зараз"},
	"directive.list":          {"list what hosts are asked", "перелічити, про що просять вузли"},
	"directive.everywhere":    {"every host", "усі вузли"},
	"directive.flag.host":     {"host id", "ідентифікатор вузла"},
	"directive.flag.interval": {"wished distance of check-ins, 5m to 24h; 0 takes the wish back", "бажаний інтервал сеансів, від 5m до 24h; 0 скасовує побажання"},
	"directive.flag.withhold": {"fields hosts are to leave out, e.g. host_name,evidence; empty takes the wish back", "поля, яких вузли не мають надсилати, напр. host_name,evidence; порожнє скасовує побажання"},
	"col.kind":                {"KIND", "ВИД"},
	"col.release":             {"RELEASE", "ВИПУСК"},
	"col.records":             {"RECORDS", "ЗАПИСІВ"},
	"col.newest":              {"NEWEST", "НАЙНОВІШЕ"},
	"col.revision":            {"REVISION", "РЕДАКЦІЯ"},
	"col.bytes":               {"BYTES", "БАЙТІВ"},
	"col.offered":             {"OFFERED TO", "ПРОПОНУЄТЬСЯ"},
	"col.scope":               {"HOSTS OF", "ВУЗЛИ"},
	"col.interval":            {"INTERVAL", "ІНТЕРВАЛ"},
	"col.withhold":            {"WITHHOLD", "НЕ НАДСИЛАТИ"},
	"col.asked":               {"MEASURE ASKED", "ПРОШЕНО ВИМІРЯТИ"},
	"flag.recipient":          {"recipient id", "ідентифікатор отримувача"},
	"flag.recipient.all":      {"recipient id (default: all)", "ідентифікатор отримувача (типово: усі)"},
	"flag.site":               {"site id (default: the recipient's only site)", "ідентифікатор майданчика (типово: єдиний майданчик отримувача)"},
	"flag.id":                 {"id (default: made)", "ідентифікатор (типово: створюється)"},
	"flag.name.uk":            {"name in Ukrainian", "назва українською"},
	"flag.name.en":            {"name in English", "назва англійською"},
	"flag.sector":             {"sector, e.g. health, energy, local_government", "сектор, наприклад health, energy, local_government"},
	"flag.size":               {"number of people: 1-49, 50-249, 250-999, 1000+", "кількість працівників: 1-49, 50-249, 250-999, 1000+"},
	"flag.region":             {"oblast by ISO 3166-2, e.g. UA-46", "область за ISO 3166-2, наприклад UA-46"},
	"flag.connectivity":       {"fibre, mobile, starlink or other", "зв'язок: fibre, mobile, starlink або other"},
	"flag.power":              {"grid, ups, generator or ups_generator", "живлення: grid, ups, generator або ups_generator"},
	"recipient":               {"institutions that are assessed", "отримувачі, яких оцінюють"},
	"recipient.create":        {"add a recipient", "додати отримувача"},
	"recipient.list":          {"list recipients", "перелічити отримувачів"},
	"site":                    {"places of recipients", "майданчики отримувачів"},
	"site.create":             {"add a site", "додати майданчик"},
	"site.list":               {"list sites", "перелічити майданчики"},
	"donor":                   {"donor organisations", "організації-донори"},
	"donor.create":            {"add a donor organisation", "додати організацію-донора"},
	"donor.list":              {"list donor organisations", "перелічити організації-донори"},
	"donor.flag.observer":     {"takes part without pledging", "бере участь без зобов'язань"},
	"donor.flag.showname":     {"other donors may read its name beside a pledge", "інші донори можуть бачити її назву біля зобов'язання"},
	"user":                    {"people who sign in", "люди, які входять у систему"},
	"user.create":             {"add a person and print a one-time sign-in link", "додати людину й показати одноразове посилання для входу"},
	"user.link":               {"print a new one-time sign-in link", "показати нове одноразове посилання для входу"},
	"user.disable":            {"shut a person out at once", "негайно закрити людині доступ"},
	"user.enable":             {"let a disabled person in again", "знову відкрити людині доступ"},
	"user.password":           {"set a person's password and end their sessions", "встановити людині пароль і завершити її сеанси"},
	"user.reset_factors":      {"take away one-time codes, passkeys and ties to a provider of someone who lost their device", "скинути одноразові коди, ключі доступу й зовнішній вхід людини, яка втратила пристрій"},
	"user.end_sessions":       {"end all sessions of a person", "завершити всі сеанси людини"},
	"user.grant":              {"give a person one more role", "надати людині ще одну роль"},
	"user.revoke":             {"take a role from a person", "забрати в людини роль"},
	"user.list":               {"list people", "перелічити людей"},
	"user.flag.login":         {"login: letters, digits and . _ - @", "логін: літери, цифри та . _ - @"},
	"user.flag.name":          {"name shown to others", "ім'я, яке бачать інші"},
	"user.flag.role":          {"role: %s", "роль: %s"},
	"user.flag.recipient":     {"recipient the role is for ('*' for an assessor of all)", "отримувач, для якого роль ('*' для оцінювача всіх)"},
	"user.flag.donor":         {"donor organisation the role is for", "організація-донор, для якої роль"},
	"user.flag.password":      {"file with the password's first line; '-' is standard input", "файл, перший рядок якого є паролем; '-' означає стандартний ввід"},
	"user.linkline":           {"sign in once at: %s", "одноразовий вхід: %s"},
	"hosts":                   {"machines that run the agent", "вузли, на яких працює агент"},
	"hosts.list":              {"list hosts", "перелічити вузли"},
	"hosts.revoke":            {"bar a host for ever", "назавжди заборонити вузол"},
	"hosts.flag.reason":       {"why", "причина"},
	"findings":                {"failing controls as they are followed over time", "знахідки: невиконані вимоги в часі"},
	"findings.list":           {"list findings, the severest first", "перелічити знахідки, найважчі спершу"},
	"findings.flag.state":     {"open, closed, moot, or all", "стан: open, closed, moot або all"},
	"findings.flag.host":      {"host id", "ідентифікатор вузла"},
	"gaps":                    {"findings of a recipient gathered by capability", "прогалини: знахідки отримувача за спроможностями"},
	"gaps.list":               {"list gaps", "перелічити прогалини"},
	"needs":                   {"what would close the gaps", "потреби: що закрило б прогалини"},
	"needs.list":              {"list needs by rank", "перелічити потреби за порядком важливості"},
	"import":                  {"take data from files", "прийняти дані з файлів"},
	"import.report":           {"keep a report of OpenSCAP, Lynis or in SARIF beside a host's own results", "зберегти звіт OpenSCAP, Lynis або у форматі SARIF поряд із власними результатами вузла"},
	"import.report.host":      {"host the report is about", "вузол, якого стосується звіт"},
	"import.report.done":      {"%s: %s %s, kept as %s", "%s: %s %s, збережено як %s"},
	"import.assessments":      {"take sealed export files of hosts that have no line (vymir-agent outbox export)", "прийняти запечатані файли вузлів без зв'язку (vymir-agent outbox export)"},
	"import.vulns":            {"take archives of OSV records; goes on where it was interrupted", "прийняти архіви записів OSV; продовжує з місця переривання"},
	"import.vulns.done":       {"%s: %d records: %d new or changed, %d unchanged, %d older than what is here, %d about no operating system, %d refused", "%s: записів %d: нових чи змінених %d, без змін %d, старіших за наявні %d, не про операційні системи %d, відхилено %d"},
	"import.vulns.known":      {"%s: this very archive was imported before", "%s: саме цей архів уже прийнято раніше"},
	"import.vulns.refused":    {"  refused %s: %s", "  відхилено %s: %s"},
	"import.vulns.nothing":    {"%s: no record in it can be used", "%s: жодного запису з нього не можна використати"},
	"import.kev":              {"take CISA's catalogue of known exploited vulnerabilities (JSON)", "прийняти каталог CISA відомих експлуатованих уразливостей (JSON)"},
	"import.epss":             {"take FIRST's predictions of exploitation (CSV, gzipped or not)", "прийняти прогнози експлуатації FIRST (CSV, стиснений або ні)"},
	"import.banned":           {"take the official list of software and equipment that must not be used (CSV or JSON)", "прийняти офіційний перелік забороненого програмного забезпечення й обладнання (CSV або JSON)"},
	"banned":                  {"the official list of forbidden software", "офіційний перелік забороненого програмного забезпечення"},
	"banned.build":            {"sign the imported list as a file that hosts match by themselves", "підписати прийнятий перелік як файл, за яким вузли звіряють самі"},
	"banned.flag.output":      {"file to write; on hosts: /etc/vymir/banned.pack, or assess --banned", "файл для запису; на вузлах: /etc/vymir/banned.pack або assess --banned"},
	"banned.built":            {"%s: %d entries as of %s, %d bytes", "%s: позицій %d станом на %s, байтів %d"},
	"import.feed.done":        {"%s: %d entries, as of %s", "%s: позицій %d, станом на %s"},
	"vulns":                   {"vulnerability indexes: one signed file per distribution release", "покажчики вразливостей: один підписаний файл на випуск дистрибутива"},
	"vulns.build":             {"compile and sign indexes of what was imported; the key stays where this runs", "скласти й підписати покажчики з прийнятих даних; ключ лишається там, де виконується команда"},
	"vulns.list":              {"list releases and lists that were imported, and what is published of them", "перелічити прийняті випуски й списки та що з них опубліковано"},
	"vulns.built":             {"%s: revision %d, %d records on %d packages, %d bytes, newest knowledge of %s", "%s: редакція %d, записів %d про пакетів %d, байтів %d, найновіші відомості від %s"},
	"vulns.unchanged":         {"%s: nothing changed since revision %d", "%s: без змін від редакції %d"},
	"vulns.left_out":          {"  %d records could not be used", "  не вдалося використати записів: %d"},
	"vulns.whereto":           {"say where the indexes go: -o FOLDER, --publish or both", "вкажіть, куди подіти покажчики: -o ТЕКА, --publish або обидва"},
	"vulns.flag.output":       {"folder for the signed files, for hosts without a line or for publishing elsewhere", "тека для підписаних файлів: для вузлів без зв'язку або для публікування деінде"},
	"vulns.flag.publish":      {"offer them to hosts from here at once", "одразу пропонувати їх вузлам звідси"},
	"vulns.flag.again":        {"build also what did not change", "складати й те, що не змінилося"},
	"vulns.flag.release":      {"only this release, e.g. Debian:12; may be repeated (default: all)", "лише цей випуск, наприклад Debian:12; можна повторювати (типово: усі)"},
	"vulns.flag.ttl":          {"how long an index may be taken as an update", "як довго покажчик можна приймати як оновлення"},
	"import.done":             {"%s: host %s, %d items, %d new, stored up to %d", "%s: вузол %s, записів %d, нових %d, збережено до %d"},
	"import.refused":          {"  item %d refused (%s): %s", "  запис %d відхилено (%s): %s"},
	"backup":                  {"copy the SQLite database to a new file while the server runs", "скопіювати базу SQLite у новий файл під час роботи сервера"},
	"backup.done":             {"written: %s (the CA in %s is not in it: keep a copy of it too)", "записано: %s (ЦС у %s туди не входить: збережіть і його копію)"},
	"restore":                 {"put a backup in place of the database; the server must not run", "замінити базу резервною копією; сервер має бути зупинений"},
	"restore.done":            {"restored; the database before it is now %s", "відновлено; попередня база тепер у %s"},
	"migrate":                 {"bring the database's schema up to date", "оновити схему бази даних"},
	"migrate.done":            {"applied %04d %s", "застосовано %04d %s"},
	"migrate.none":            {"up to date", "схема актуальна"},
	"check":                   {"verify the database, its schema and the audit trail", "перевірити базу, її схему та журнал аудиту"},
	"check.ok":                {"sound: %d entries in the audit trail, the last has hash %x", "справна: записів у журналі аудиту %d, геш останнього %x"},
	"audit":                   {"audit trail", "журнал аудиту"},
	"audit.export":            {"write the audit trail as JSON lines", "вивести журнал аудиту рядками JSON"},
	"ca":                      {"the server's certificate authority", "центр сертифікації сервера"},
	"ca.show":                 {"show the pin that tokens carry", "показати відбиток, який містять токени"},
	"ca.rotate":               {"replace the issuing certificate; restart the server afterwards", "замінити проміжний сертифікат; потім перезапустіть сервер"},
	"ca.rotated":              {"rotated; hosts keep their certificates, the pin stays", "замінено; сертифікати вузлів і відбиток лишаються чинними"},
	"config":                  {"configuration", "налаштування"},
	"config.check":            {"say whether the configuration can be used", "перевірити, чи налаштування придатні"},
	"config.show":             {"print the configuration with its defaults filled in", "вивести налаштування разом із типовими значеннями"},
	"config.ok":               {"good: agents %s, web %s, database %s", "гаразд: агенти %s, вебадреса %s, база %s"},
	"version":                 {"print the version", "вивести версію"},
	"none":                    {"none", "немає"},
	"col.id":                  {"ID", "ІД"},
	"col.name":                {"NAME", "НАЗВА"},
	"col.recipient":           {"RECIPIENT", "ОТРИМУВАЧ"},
	"col.site":                {"SITE", "МАЙДАНЧИК"},
	"col.os":                  {"OS", "ОС"},
	"col.seen":                {"LAST SEEN", "БУВ НА ЗВ'ЯЗКУ"},
	"col.pass":                {"PASS", "ВИКОНАНО"},
	"col.fail":                {"FAIL", "НЕ ВИКОНАНО"},
	"col.unmeasured":          {"UNMEASURED", "НЕ ВИМІРЯНО"},
	"col.severity":            {"SEVERITY", "ВАЖКІСТЬ"},
	"col.control":             {"CONTROL", "ВИМОГА"},
	"col.state":               {"STATE", "СТАН"},
	"col.since":               {"SINCE", "ВІД"},
	"col.reason":              {"REASON", "ПРИЧИНА"},
	"col.capability":          {"CAPABILITY", "СПРОМОЖНІСТЬ"},
	"col.hosts":               {"HOSTS", "ВУЗЛИ"},
	"col.urgency":             {"URGENCY", "ТЕРМІНОВІСТЬ"},
	"col.rank":                {"RANK", "МІСЦЕ"},
	"col.need":                {"NEED", "ПОТРЕБА"},
	"col.quantity":            {"QUANTITY", "КІЛЬКІСТЬ"},
	"col.cost":                {"COST, EUR", "ВАРТІСТЬ, EUR"},
	"col.line":                {"LINE OF EFFORT", "НАПРЯМ"},
	"col.uses":                {"USES", "ВИКОРИСТАНО"},
	"col.expires":             {"HOLDS UNTIL", "ДІЄ ДО"},
	"col.region":              {"REGION", "ОБЛАСТЬ"},
	"col.sector":              {"SECTOR", "СЕКТОР"},
	"col.connectivity":        {"CONNECTIVITY", "ЗВ'ЯЗОК"},
	"col.power":               {"POWER", "ЖИВЛЕННЯ"},
	"col.login":               {"LOGIN", "ЛОГІН"},
	"col.roles":               {"ROLES", "РОЛІ"},
	"col.member":              {"MEMBER", "УЧАСНИК"},
	"severity.critical":       {"critical", "критична"},
	"severity.high":           {"high", "висока"},
	"severity.medium":         {"medium", "середня"},
	"severity.low":            {"low", "низька"},
	"severity.info":           {"info", "довідкова"},
	"urgency.":                {"none", "немає"},
	"urgency.defer":           {"defer", "відкласти"},
	"urgency.scheduled":       {"scheduled", "планово"},
	"urgency.out_of_cycle":    {"out of cycle", "позапланово"},
	"urgency.immediate":       {"immediate", "негайно"},
	"state.open":              {"open", "відкрита"},
	"state.closed":            {"closed", "закрита"},
	"state.moot":              {"moot", "не застосовна"},
	"export":                  {"write files for others", "записати файли для інших"},
	"export.oscal-poam":       {"needs as an OSCAL plan of action and milestones", "потреби як план дій та етапів OSCAL"},
	"export.oscal-ar":         {"a host's results as OSCAL assessment results", "результати вузла як результати оцінювання OSCAL"},
	"export.flag.host":        {"host whose results they are", "вузол, чиї це результати"},
	"export.flag.at":          {"as of this moment (RFC 3339), without evidence; default now", "станом на цей момент (RFC 3339), без доказів; типово на зараз"},
	"export.flag.findings":    {"recipient whose findings are written instead", "отримувач, чиї знахідки записати натомість"},
	"err.time":                {"%s must be a time like 2026-11-21T12:00:00Z", "%s має бути часом на зразок 2026-11-21T12:00:00Z"},
	"export.csv":              {"entries as CSV with an HXL row", "записи каталогу як CSV з рядком HXL"},
	"export.iati":             {"a donor's own help as IATI activities", "власна допомога донора як діяльність IATI"},
	"export.webhook":          {"bring another catalogue to what it may hold now, by signed webhooks", "привести інший каталог до дозволеного стану підписаними вебзапитами"},
	"export.webhook.sent":     {"events accepted: %d", "прийнято подій: %d"},
	"export.flag.url":         {"address of the receiver, https", "адреса отримувача повідомлень, https"},
	"export.flag.secret":      {"file with the secret of the signature", "файл із секретом підпису"},
	"export.flag.output":      {"file to write; - is standard output", "файл для запису; - означає стандартний вивід"},
	"export.flag.donor":       {"donor organisation that will read the file", "організація-донор, яка читатиме файл"},
	"export.flag.recipient":   {"recipient whose own plan it is", "отримувач, чий це власний план"},
	"export.flag.ref":         {"IATI identifier of the organisation", "ідентифікатор організації в IATI"},
	"export.flag.type":        {"IATI code of the organisation's type", "код типу організації в IATI"},
	"err.one":                 {"exactly one of %s and %s is needed", "потрібен рівно один із прапорців %s і %s"},
	"err.pick":                {"%s must be one of %s", "%s має бути одним із: %s"},
	"err.flag":                {"--%s is needed", "потрібен прапорець --%s"},
	"err.running":             {"the server seems to run on this state: stop it first", "схоже, сервер працює з цими даними: спершу зупиніть його"},
}
