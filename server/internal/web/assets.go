package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

//go:embed assets
var assetFiles embed.FS

// asset is one static file, held in memory as it is sent.
type asset struct {
	body, gzipped []byte
	brotli        []byte // of files that were built with it; nil for the others
	kind, version string
}

// assets serves the embedded files under /assets/. Their addresses carry a version from their content, so a
// browser keeps them for good and still gets a new one at once.
type assets map[string]*asset

func loadAssets() (assets, error) {
	entries, err := assetFiles.ReadDir("assets")
	if err != nil {
		return nil, fmt.Errorf("list assets: %w", err)
	}
	out := assets{}
	for _, e := range entries {
		if e.IsDir() || path.Ext(e.Name()) == ".br" {
			continue
		}
		b, err := assetFiles.ReadFile("assets/" + e.Name())
		if err != nil {
			return nil, fmt.Errorf("read asset: %w", err)
		}
		a := &asset{body: b, kind: mime.TypeByExtension(path.Ext(e.Name()))}
		switch path.Ext(e.Name()) { // not left to the system's table
		case ".js":
			a.kind = "text/javascript; charset=utf-8"
		case ".css":
			a.kind = "text/css; charset=utf-8"
		case ".svg":
			a.kind = "image/svg+xml"
		case ".txt":
			a.kind = "text/plain; charset=utf-8"
		}
		sum := sha256.Sum256(b)
		a.version = hex.EncodeToString(sum[:6])
		var z bytes.Buffer
		zw, _ := gzip.NewWriterLevel(&z, gzip.BestCompression)
		if _, err := zw.Write(b); err != nil {
			return nil, fmt.Errorf("compress asset: %w", err)
		}
		if err := zw.Close(); err != nil {
			return nil, fmt.Errorf("compress asset: %w", err)
		}
		a.gzipped = z.Bytes()
		if a.brotli, err = assetFiles.ReadFile("assets/" + e.Name() + ".br"); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("read asset: %w", err)
		}
		out[e.Name()] = a
	}
	return out, nil
}

// url is the address of a file with its version; an unknown one is a programmer's mistake.
func (a assets) url(name string) (string, error) {
	f, ok := a[name]
	if !ok {
		return "", fmt.Errorf("no asset %q", name)
	}
	return "/assets/" + name + "?v=" + f.version, nil
}

func (a assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, ok := a[r.PathValue("name")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Vary", "Accept-Encoding")
	h.Set("ETag", `"`+f.version+`"`)
	h.Set("Cache-Control", "no-cache")
	if r.URL.Query().Get("v") == f.version {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if strings.Contains(r.Header.Get("If-None-Match"), f.version) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body, accepted := f.body, r.Header.Get("Accept-Encoding")
	switch {
	case f.brotli != nil && strings.Contains(accepted, "br"):
		h.Set("Content-Encoding", "br")
		body = f.brotli
	case strings.Contains(accepted, "gzip"):
		h.Set("Content-Encoding", "gzip")
		body = f.gzipped
	}
	h.Set("Content-Length", fmt.Sprint(len(body)))
	if r.Method != http.MethodHead {
		w.Write(body) //nolint:errcheck // the reader went away
	}
}
