package graph

import "sync"

// references are those of the app offerings of all accounts of a world: no two offerings have the same (PLATFORM 9.1).
type references struct {
	mu    sync.Mutex
	taken map[string]string // account by reference
}

// claim takes a reference in place of the one that the offering had, "" for none; false where another offering has it.
func (s *references) claim(reference, old, account string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if reference == old && s.taken[reference] == account {
		return true
	}
	if s.taken[reference] != "" {
		return false
	}
	s.taken[reference] = account
	s.drop(old, account)
	return true
}

// put takes a reference without asking: what Put writes is there already.
func (s *references) put(reference, old, account string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if reference != old {
		s.drop(old, account)
	}
	if reference != "" && s.taken[reference] == "" {
		s.taken[reference] = account
	}
}

func (s *references) drop(reference, account string) {
	if reference != "" && s.taken[reference] == account {
		delete(s.taken, reference)
	}
}
