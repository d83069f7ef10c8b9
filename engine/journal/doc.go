// Package journal is the durable record of runs: what was accepted, which steps
// are done, what a run answered. It is one SQLite file, currant.db, in a data
// directory that one process owns.
//
// The package knows bytes and strings only. It does not know what an event, a
// step state or an outcome means, and it imports no other package of this
// module.
//
// # How it works
//
// A [Store] has one writer goroutine with one connection. Callers queue
// operations; the writer takes up to 512 of them, runs them in one transaction,
// commits (which waits for the disk) and then answers all. Two promises follow:
// when [Store.Accept] or [Store.Commit] returns nil the data is on stable
// storage, and operations take effect in the order they were queued.
//
// Reads use a pool of four read-only connections and never wait for the writer.
// [OpenReader] gives the same reads to another process beside a running server.
//
// Values over 64 KiB are stored once, by their SHA-256, apart from the row that
// holds them; callers do not notice. Every row of data carries a CRC-32C, so
// damage is found rather than returned (see [DamageError] and [Verify]).
//
// Values that outlive runs (kept.go) are rows of their own, under keys, which the
// caller seals; so is the keyring that they are sealed with.
//
// # Failures
//
//   - a full disk: the operations at hand fail with [ErrFull]; later ones work
//     again when there is room.
//   - a failed sync or read: the store is unusable until it is opened again, for
//     nobody knows what the disk holds. [Store.Failed] is closed, [Store.Err]
//     tells why, every write answers [ErrFailed].
//
// Start reading at store.go (opening), writer.go (the batch), write.go (what a
// run writes) and migrations/0001.sql (the tables).
package journal
