// Package lang is the blueprint language: it reads files, binds bodies to the specs that kinds declare,
// resolves names, evaluates expressions within a budget and keeps secrets marked.
//
// The life of a blueprint here: ReadDir finds the files, ParseFile checks their bytes and parses them,
// Spec.Bind checks a body's structure (names, labels, what is missing) without evaluating anything, and
// Body.Eval evaluates it in a Scope: with typed unknowns when a blueprint is checked, with values when a
// step runs. Both go through the same code, so what passes the check is what runs.
//
// A Spec is read from the tags of a Go struct (SpecOf); decoding, checking, output types and the printed
// reference are all readings of it. Start at spec.go, then bind.go, scope.go and eval.go.
//
// The package imports nothing of ours and does no input or output but reading a blueprint's directory.
package lang
