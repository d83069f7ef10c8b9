package engine_test

const childEnv = "CURRANT_ENGINE_CHILD"

func child(role string) error { return errNone }
