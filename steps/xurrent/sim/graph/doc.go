// Package graph is the inside of the simulated Xurrent account: its data model, its records and the GraphQL
// executor over them. It knows nothing of HTTP, tokens and limits: the package sim serves it.
//
// A World holds accounts that share one data model, read from the schema that is embedded here. An Account
// holds records and answers GraphQL requests. Nothing is written per type of record: fields, relations, filters,
// orders and mutations follow from the schema, and model_names.go lists where a name alone does not say what
// is meant.
//
// Start at api.go. execute.go answers one request, after validate.go and coerce.go have checked it;
// store.go keeps the records, connection.go pages them, filter.go, order.go and view.go choose them, mutate.go
// and input.go change them, introspect.go describes the schema and seed.go makes the small company.
// What apps consist of has rules of its own: offering.go, extension.go, rules.go, attachments.go and picture.go.
// snapshot.go gives a world as JSON and takes it on again.
//
// It may import github.com/vektah/gqlparser/v2 and the standard library.
package graph
