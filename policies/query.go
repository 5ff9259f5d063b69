//go:build !thin

package policies

import (
	"context"
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// query is one reference to a document of the policies, compiled. It is safe for concurrent use. It asks the evaluator itself, because
// OPA's own front (package rego) links a second compiler, to WebAssembly, that no host needs.
type query struct {
	compiler *ast.Compiler
	prepared ast.QueryCompiler
	body     ast.Body
}

const answer ast.Var = "answer" // what a query binds its document to

// prepare compiles the query of a reference such as data.lib.vulnerabilities.decided.
func prepare(compiler *ast.Compiler, ref string) (query, error) {
	body, err := ast.ParseBodyWithOpts(string(answer)+" = "+ref, ast.ParserOptions{Capabilities: capabilities(), RegoVersion: ast.RegoV1})
	if err != nil {
		return query{}, fmt.Errorf("parse query %s: %w", ref, err)
	}
	q := query{compiler: compiler, prepared: compiler.QueryCompiler()}
	if q.body, err = q.prepared.Compile(body); err != nil {
		return query{}, fmt.Errorf("compile query %s: %w", ref, err)
	}
	return q, nil
}

// ask evaluates the query over input under the context's deadline and the heap watch. The answer is made of maps, slices, strings, bools
// and json.Numbers, and nil where the document is undefined.
func (q query) ask(ctx context.Context, input ast.Value) (any, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer watchHeap(func() { cancel(errHeap) })()
	stop := topdown.NewCancel()
	defer context.AfterFunc(ctx, stop.Cancel)()

	store := inmem.New() // empty: policies read the input only
	txn, err := store.NewTransaction(ctx)
	if err != nil {
		return nil, err
	}
	defer store.Abort(ctx, txn)
	value, err := q.value(ctx, store, txn, input, stop)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	return value, err
}

func (q query) value(ctx context.Context, store storage.Store, txn storage.Transaction, input ast.Value, stop topdown.Cancel) (value any, err error) {
	err = topdown.NewQuery(q.body).
		WithQueryCompiler(q.prepared).
		WithCompiler(q.compiler).
		WithStore(store).
		WithTransaction(txn).
		WithInput(ast.NewTerm(input)).
		WithCancel(stop).
		Iter(ctx, func(result topdown.QueryResult) error {
			value, err = ast.JSON(result[answer].Value)
			return err
		})
	return value, err
}
