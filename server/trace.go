package server

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// tracing sends traces of people's requests by OTLP over HTTP where the environment asks for it: the OTEL_* variables of
// OpenTelemetry say where to and how. Without OTEL_EXPORTER_OTLP_ENDPOINT (or the one for traces) nothing is traced.
type tracing struct {
	provider trace.TracerProvider
	stop     func(context.Context) error
}

func startTracing(ctx context.Context, version string) (*tracing, error) {
	asked := os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != ""
	if !asked || strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") || os.Getenv("OTEL_TRACES_EXPORTER") == "none" {
		return &tracing{provider: noop.NewTracerProvider(), stop: func(context.Context) error { return nil }}, nil
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("start tracing: %w", err)
	}
	about, err := resource.New(ctx, resource.WithAttributes(attribute.String("service.name", "vymir-server"), attribute.String("service.version", version)), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("start tracing: %w", err)
	}
	p := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter, sdktrace.WithBatchTimeout(5*time.Second)), sdktrace.WithResource(about))
	return &tracing{provider: p, stop: p.Shutdown}, nil
}

// wrap traces a handler. A span is named by method and the first part of the path: ids in addresses stay here.
func (t *tracing) wrap(h http.Handler) http.Handler {
	if _, off := t.provider.(noop.TracerProvider); off {
		return h
	}
	return otelhttp.NewHandler(scrub(h), "web", otelhttp.WithTracerProvider(t.provider), otelhttp.WithPropagators(propagation.NewCompositeTextMapPropagator()), // what a visitor sends starts no trace of ours
		otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string { return r.Method + " " + place(r.URL.Path) }))
}

// scrub takes out of a span what the instrumentation wrote of the address and of who asks.
func scrub(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		trace.SpanFromContext(r.Context()).SetAttributes(attribute.String("url.path", place(r.URL.Path)), attribute.String("url.query", ""),
			attribute.String("client.address", ""), attribute.String("network.peer.address", ""), attribute.String("user_agent.original", ""))
		h.ServeHTTP(w, r)
	})
}

// place is the part of a path that names a kind of page, not one of them.
func place(path string) string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if len(parts) > 2 && parts[0] == "api" {
		return "/" + strings.Join(parts[:3], "/")
	}
	return "/" + parts[0]
}
