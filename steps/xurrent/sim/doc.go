// Package sim is a simulated Xurrent account: what no one may develop against
// in production, on one address of one's own machine. It speaks GraphQL, OAuth,
// attachment storage, async results, OpenID discovery and signed webhooks as
// the vendor does, with its limits, and adds faults on request and a record of
// every request under /sim/.
//
// The runner reaches it over HTTP only and knows nothing of it; this package
// imports sim/graph (the records and the GraphQL executor), golang-jwt and the
// standard library, and nothing else of ours.
//
// Start reading at [Sim.ServeHTTP] in serve.go. The service's doors are in
// graphql.go, token.go, storage.go, async.go, discovery.go and rest.go; webhooks
// go from a changed record (events.go) over its subscribers (webhooks.go) to a
// delivery and its retries (delivery.go, deliver.go); control.go lists what is
// under /sim/. Apps: installation.go says what an installation is, install.go makes one,
// app_events.go tells of it, app_change.go changes and removes it, automation.go lets its
// rules call its webhook, and application.go knows its credentials. What a deployment writes is kept by sim/graph; picture.go and
// upload.go serve its files, and a fault of the kind refuse (fault.go) refuses one of its changes.
// state.go keeps the service in a file where [Options].State says so; snapshot.go and snapshot_apps.go say what is kept.
//
// It listens to whoever reaches it and has no secret worth keeping: it belongs
// on a loopback address.
package sim
