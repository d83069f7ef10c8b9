package run

// Drive executes a machine against a host until the run ends, and gives its result; or until the host says
// ErrParked, or any other error of its own: then the run is where its journal says, and a machine restored
// from that goes on.
func Drive(h Host, m *Machine) (*Result, error) {
	for {
		more := m.Advance(h.Now())
		batch, calls, cancels := m.Take()
		if !batch.Empty() {
			if err := h.Commit(batch); err != nil {
				return nil, err
			}
		}
		if m.end != nil {
			return m.end, nil
		}
		for _, c := range calls {
			h.Call(c)
		}
		for _, path := range cancels {
			h.Cancel(path)
		}
		if err := m.receive(h, batch, !more); err != nil {
			return nil, err
		}
	}
}

// receive takes in the next event, waiting for it if asked to, and all others that have come by then.
func (m *Machine) receive(h Host, last Batch, block bool) error {
	for {
		ev, err := h.Next(last.WakeAt, block)
		if err != nil {
			return err
		}
		if ev == nil {
			return nil
		}
		m.Apply(h.Now(), ev)
		block = false
	}
}
