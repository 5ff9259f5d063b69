package api

import (
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2/validation"
	"golang.org/x/text/language"

	"github.com/vymir-project/vymir/server/internal/say"
)

// Problems are RFC 9457, in English where they are made and in the reader's language where they leave: Ukrainian for who
// prefers it by Accept-Language. Statuses, ids and names of fields stay as they are.

var languages = language.NewMatcher([]language.Tag{language.English, language.Ukrainian})

// readerLanguage is uk or en.
func readerLanguage(r *http.Request) string {
	accept := r.Header.Get("Accept-Language")
	tags, _, err := language.ParseAcceptLanguage(accept[:min(len(accept), 256)])
	if err != nil || len(tags) == 0 {
		return "en"
	}
	if _, i, sure := languages.Match(tags...); i == 1 && sure >= language.High {
		return "uk"
	}
	return "en"
}

// titles are what statuses are called.
var titles = map[int]string{
	400: "Запит неправильний", 401: "Потрібен вхід", 403: "Немає права", 404: "Не знайдено", 405: "Такої дії тут немає", 406: "Такого формату відповіді немає", 409: "У цьому стані неможливо",
	412: "Змінено кимось іншим", 413: "Запит завеликий", 414: "Адреса задовга", 415: "Такого формату запиту не приймають", 422: "Дані не прийнято", 429: "Забагато спроб",
	500: "Помилка сервера", 503: "Сервер не готовий",
}

// sentences are those of this package and of the library that checks requests; %v stands for any text. The errors of other
// packages are package say's.
var sentences = map[string]string{
	"sign in, or show a token that holds":                                            "увійдіть або надайте чинний токен",
	"the server could not look up who calls":                                         "сервер не зміг з'ясувати, хто звертається",
	"this needs the right %v":                                                        "для цього потрібне право %v",
	"there is no such thing, or it is not yours to see":                              "такого немає, або воно доступне не вам",
	"the server failed; it has been recorded":                                        "на сервері сталася помилка; її записано",
	"validation failed":                                                              "дані не відповідають опису",
	"cursor is malformed":                                                            "курсор пошкоджено",
	"it was changed since you read it: read it again":                                "це змінено після того, як ви його прочитали: прочитайте знову",
	"nothing here has a tag: leave If-Match out":                                     "тут ні в чого немає мітки: не надсилайте If-Match",
	"too many conditional changes at once: try again":                                "забагато умовних змін одночасно: спробуйте ще раз",
	"an Idempotency-Key has 1 to 200 characters and needs somebody who is signed in": "Idempotency-Key має від 1 до 200 символів і потребує входу",
	"this Idempotency-Key was used for another request":                              "цей Idempotency-Key вже використано для іншого запиту",
	"the request with this Idempotency-Key is still being answered":                  "на запит із цим Idempotency-Key ще готується відповідь",
	"the answer to this Idempotency-Key cannot be read any more":                     "відповідь за цим Idempotency-Key більше не можна прочитати",
	"the address has more than %v bytes after the question mark":                     "після знака питання в адресі понад %v байтів",
	"there is nothing at this address, or not by this method":                        "за цією адресою нічого немає, або не цим методом",
	"the request is larger than is taken":                                            "запит більший, ніж приймають",
	"request body is too large limit=%v bytes":                                       "тіло запиту завелике, межа %v байтів",
	"request body is required":                                                       "потрібне тіло запиту",
	"required query parameter is missing":                                            "бракує обов'язкового параметра запиту",
	"required path parameter is missing":                                             "бракує обов'язкової частини адреси",
	"required header parameter is missing":                                           "бракує обов'язкового заголовка",
	"unknown query parameter":                                                        "невідомий параметр запиту",
	"unsupported content type: %v":                                                   "непідтримуваний тип вмісту: %v",
	"invalid integer":                                                                "не ціле число",
	"invalid boolean":                                                                "не логічне значення",
	"invalid date/time for format %v":                                                "не дата й час у форматі %v",
	validation.MsgUnexpectedProperty:                                                 "зайве поле",
	validation.MsgExpectedRFC3339DateTime:                                            "очікується дата й час за RFC 3339",
	validation.MsgExpectedRFC3339Date:                                                "очікується дата за RFC 3339",
	validation.MsgExpectedBoolean:                                                    "очікується логічне значення",
	validation.MsgExpectedNumber:                                                     "очікується число",
	validation.MsgExpectedInteger:                                                    "очікується ціле число",
	validation.MsgExpectedString:                                                     "очікується текст",
	validation.MsgExpectedBase64String:                                               "очікується текст у base64",
	validation.MsgExpectedArray:                                                      "очікується список",
	validation.MsgExpectedObject:                                                     "очікується об'єкт",
	validation.MsgExpectedArrayItemsUnique:                                           "елементи списку мають бути різними",
	strings.Replace(validation.MsgExpectedOneOf, "%s", "%v", 1):                      `очікується одне з "%v"`,
	validation.MsgExpectedMinimumNumber:                                              "очікується число, не менше за %v",
	validation.MsgExpectedExclusiveMinimumNumber:                                     "очікується число, більше за %v",
	validation.MsgExpectedMaximumNumber:                                              "очікується число, не більше за %v",
	validation.MsgExpectedExclusiveMaximumNumber:                                     "очікується число, менше за %v",
	strings.Replace(validation.MsgExpectedMinLength, "%d", "%v", 1):                  "очікується довжина, не менша за %v",
	strings.Replace(validation.MsgExpectedMaxLength, "%d", "%v", 1):                  "очікується довжина, не більша за %v",
	strings.Replace(validation.MsgExpectedMinItems, "%d", "%v", 1):                   "елементів списку має бути не менше за %v",
	strings.Replace(validation.MsgExpectedMaxItems, "%d", "%v", 1):                   "елементів списку має бути не більше за %v",
	strings.Replace(validation.MsgExpectedRequiredProperty, "%s", "%v", 1):           "бракує обов'язкового поля %v",
	strings.Replace(validation.MsgExpectedMatchPattern, "%s", "%v", 1):               "текст не відповідає зразку %v",
	strings.Replace(validation.MsgExpectedBePattern, "%s", "%v", 1):                  "очікується %v",
	strings.Replace(validation.MsgExpectedDependentRequiredProperty, "%s", "%v", 2):  "бракує поля %v, потрібного разом із %v",
	"a second step is needed: send code as well, a one-time code or a recovery code; accounts with passkeys alone sign in on the pages": "потрібен другий крок: надішліть і code — одноразовий код або код відновлення; облікові записи лише з ключами доступу входять на сторінках",
}

// spoken is sentences, made ready: the longest first, so that none hides in another.
var spoken = func() (out []struct {
	pattern *regexp.Regexp
	uk      string
}) {
	keys := slices.SortedFunc(maps.Keys(sentences), func(a, b string) int { return len(b) - len(a) })
	for _, en := range keys {
		pattern := "^" + strings.ReplaceAll(regexp.QuoteMeta(en), "%v", "(.*)") + "$"
		out = append(out, struct {
			pattern *regexp.Regexp
			uk      string
		}{regexp.MustCompile(pattern), sentences[en]})
	}
	return out
}()

// ukrainian gives a sentence in Ukrainian; one that nobody translated stays.
func ukrainian(text string) string {
	for _, s := range spoken {
		found := s.pattern.FindStringSubmatch(text)
		if found == nil {
			continue
		}
		out := s.uk
		for _, v := range found[1:] {
			out = strings.Replace(out, "%v", v, 1)
		}
		return out
	}
	return say.Text("uk", text)
}

// problem is an answer of our own; detail is a key of sentences, or empty.
func problem(w http.ResponseWriter, status int, detail string) {
	b, err := json.Marshal(struct {
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail,omitempty"`
	}{http.StatusText(status), status, detail})
	if err != nil {
		b = []byte("{}")
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	w.Write(append(b, '\n')) //nolint:errcheck // the caller went away
}

// speak gives problems in the reader's language.
func speak(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if readerLanguage(r) != "uk" {
			next.ServeHTTP(w, r)
			return
		}
		t := &translator{ResponseWriter: w}
		defer t.finish() // also when the handler gave up in the middle
		next.ServeHTTP(t, r)
	})
}

// translator holds problems back until they are whole, and lets everything else pass.
type translator struct {
	http.ResponseWriter
	status int
	held   []byte
}

func (t *translator) WriteHeader(status int) {
	if t.status != 0 {
		return
	}
	if status >= 400 && strings.HasPrefix(t.Header().Get("Content-Type"), "application/problem+json") {
		t.status = status
		return
	}
	t.status = -1
	t.ResponseWriter.WriteHeader(status)
}

func (t *translator) Write(b []byte) (int, error) {
	if t.status == 0 {
		t.WriteHeader(http.StatusOK)
	}
	if t.status < 0 {
		return t.ResponseWriter.Write(b)
	}
	t.held = append(t.held, b...)
	return len(b), nil
}

func (t *translator) finish() {
	if t.status <= 0 {
		return
	}
	var v map[string]any
	if err := json.Unmarshal(t.held, &v); err == nil {
		if title, ok := titles[t.status]; ok {
			v["title"] = title
		}
		if s, ok := v["detail"].(string); ok {
			v["detail"] = ukrainian(s)
		}
		list, _ := v["errors"].([]any)
		for _, e := range list {
			if m, ok := e.(map[string]any); ok {
				if s, ok := m["message"].(string); ok {
					m["message"] = ukrainian(s)
				}
			}
		}
		if b, err := json.Marshal(v); err == nil {
			t.held = append(b, '\n')
			t.Header().Set("Content-Language", "uk")
			t.Header().Del("Content-Length")
		}
	}
	t.ResponseWriter.WriteHeader(t.status)
	t.ResponseWriter.Write(t.held) //nolint:errcheck // the caller went away
}
