package journal

import "sync"

// batchLimit is the most operations in one transaction. More would not save
// syncs and would make the first caller wait longer.
const batchLimit = 512

// op is one unit of work for the writer: run does it inside the transaction,
// done is told how it went after the commit.
type op struct {
	run  func(*writer) error
	done func(error)
	err  error
}

// queue holds operations in order of arrival. It has no limit, for a Submit made by a
// done function, on the writer's own goroutine, must not wait for the writer;
// callers of the other methods wait for their answer, which limits them.
type queue struct {
	mu     sync.Mutex
	ready  *sync.Cond
	ops    []*op
	closed bool
}

func (q *queue) init() { q.ready = sync.NewCond(&q.mu) }

// push reports false when the queue is closed.
func (q *queue) push(o *op) bool {
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return false
	}
	q.ops = append(q.ops, o)
	q.mu.Unlock()
	q.ready.Signal()
	return true
}

// take waits for operations and moves up to batchLimit of them into batch. It
// returns none when the queue is closed and empty.
func (q *queue) take(batch []*op) []*op {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.ops) == 0 && !q.closed {
		q.ready.Wait()
	}
	n := min(len(q.ops), batchLimit)
	batch = append(batch, q.ops[:n]...)
	rest := copy(q.ops, q.ops[n:])
	clear(q.ops[rest:])
	q.ops = q.ops[:rest]
	return batch
}

func (q *queue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.ready.Broadcast()
}
