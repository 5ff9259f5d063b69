package oci

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

const (
	web   = "1111111111111111111111111111111111111111111111111111111111111111"
	base  = "2222222222222222222222222222222222222222222222222222222222222222"
	queue = "3333333333333333333333333333333333333333333333333333333333333333"
	proxy = "4444444444444444444444444444444444444444444444444444444444444444"
	shell = "5555555555555555555555555555555555555555555555555555555555555555"
	other = "6666666666666666666666666666666666666666666666666666666666666666"
)

// tree is a host on which every runtime has left its files.
var tree = fstest.MapFS{
	"var/lib/docker/containers/" + web + "/config.v2.json": {Data: []byte(
		`{"ID":"` + web + `","Name":"/web","Image":"sha256:ab","Config":{"Image":"nginx:1.27","Env":["SECRET=x"]}}`)},
	"var/lib/containers/storage/overlay-containers/containers.json": {Data: []byte(
		`[{"id":"` + base + `","names":["db"],"image":"ff","metadata":"{\"image-name\":\"docker.io/library/postgres:16\",\"image-id\":\"ff\",\"name\":\"db\"}"},` +
			`{"id":"../../etc","names":["evil"]}]`)},
	"home/olena/.local/share/containers/storage/overlay-containers/volatile-containers.json": {Data: []byte(
		`[{"id":"` + shell + `","names":["toolbox"],"metadata":"not json"}]`)},
	"run/containerd/io.containerd.runtime.v2.task/k8s.io/" + queue + "/config.json": {Data: []byte(
		`{"ociVersion":"1.1.0","annotations":{"io.kubernetes.cri.image-name":"docker.io/library/rabbitmq:4","io.kubernetes.cri.container-name":"queue"}}`)},
	"run/containers/storage/overlay-containers/" + proxy + "/userdata/config.json": {Data: []byte(
		`{"annotations":{"io.kubernetes.cri-o.ImageName":"quay.io/envoy/envoy:v1.31","io.kubernetes.container.name":"proxy"}}`)},
	"var/lib/docker/containers/" + other + "/config.v2.json": {Data: []byte(`{"Name":`)},
}

func finder(tree fs.FS) *Finder {
	return &Finder{
		Read: func(path string, limit int) ([]byte, error) {
			b, err := fs.ReadFile(tree, strings.TrimPrefix(path, "/"))
			if err == nil && len(b) > limit {
				err = fmt.Errorf("read %s: more than %d bytes", path, limit)
			}
			return b, err
		},
		List: func(dir string) ([]string, error) {
			list, err := fs.ReadDir(tree, strings.TrimPrefix(dir, "/"))
			var names []string
			for _, e := range list {
				names = append(names, e.Name())
			}
			return names, err
		},
	}
}

func TestFind(t *testing.T) {
	f := finder(tree)
	for id, want := range map[string]Container{
		web:   {"web", "nginx:1.27"},
		base:  {"db", "docker.io/library/postgres:16"},
		queue: {"queue", "docker.io/library/rabbitmq:4"},
		proxy: {"proxy", "quay.io/envoy/envoy:v1.31"},
		shell: {Name: "toolbox"},
		other: {},
		"../../../../../../../../../../../../../../../../../../etc/shadow\x00": {},
	} {
		if got, ok := f.Find(id); got != want || ok != (want != Container{}) {
			t.Errorf("%s: %+v %v, want %+v", id, got, ok, want)
		}
	}
}

// The file of all containers is not read again for each that it does not hold.
func TestStorageRests(t *testing.T) {
	f, reads := finder(tree), 0
	read := f.Read
	f.Read = func(path string, limit int) ([]byte, error) {
		if strings.HasSuffix(path, "overlay-containers/containers.json") {
			reads++
		}
		return read(path, limit)
	}
	for i := range 10000 {
		f.Find(fmt.Sprintf("%064x", i))
	}
	if want := 3; reads != want { // of the system, of root and of the one user
		t.Errorf("read %d times, want %d", reads, want)
	}
}

func TestCleanBoundsAndKeepsPrintable(t *testing.T) {
	c, ok := tidy("a\x1b[31m\n", strings.Repeat("є", 400))
	if !ok || c.Name != "a[31m" || len(c.Image) > maxText || !strings.HasPrefix(c.Image, "єє") {
		t.Errorf("%+v", c)
	}
}

func FuzzParse(f *testing.F) {
	for _, file := range tree {
		f.Add(file.Data)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		into := map[string]Container{}
		parseStorage(b, into)
		for id := range into {
			if !valid(id) {
				t.Errorf("id %q", id)
			}
		}
		parseDocker(b)
		parseBundle(b)
	})
}
