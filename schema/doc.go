// Package schema is the data model of a Xurrent account as data: which objects can be queried, which mutations
// exist, what their inputs take and what their answers hold.
//
// The life of a schema here: FromIntrospection reads the answer to IntrospectionQuery once, Encode gives the
// indexed form that is cached, and Decode loads that in well under a millisecond, because a type is read only
// when it is looked at. Query and Mutation check what a step says against the schema, with a place and a
// suggestion for each mistake, and give the text and the variables to send, the type of the result (so that a
// misspelt field is found before anything runs) and the decoding of the answer into typed values.
//
// The package reaches no network and no file: who asks for pages of nested connections gives a Fetch. It may
// import engine/lang only, and of the GraphQL library only the parser, for the text of `fields`. Start at
// schema.go, then query.go and selection.go; input.go checks values, record.go decodes answers.
package schema
