package blueprints

import "context"

// updateExtension changes a UI extension. Its content goes to the version that is being prepared: as that may hold what
// somebody left there, all of the block's content is sent, and activated together (PLATFORM 8.6, 9.2).
func (x *applying) updateExtension(ctx context.Context, t *thing) error {
	send := t.differ
	content := false
	for _, w := range t.differ {
		content = content || w.version
	}
	if content {
		for _, w := range t.wishes {
			if w.version && wishFor(t.differ, w.path) == nil {
				send = append(send[:len(send):len(send)], w)
			}
		}
	}
	if len(send) > 0 {
		input, err := x.input(ctx, t, send)
		if err != nil {
			return err
		}
		if content {
			input["activate"] = t.activate
		}
		if err := x.update(ctx, t, input); err != nil {
			return err
		}
	}
	return x.show(ctx, t)
}

// show makes the app show the active version of its form.
func (x *applying) show(ctx context.Context, t *thing) error {
	if t.record != extensionRecord || t.app == nil || t.active == "" {
		return nil
	}
	shown := t.app.node.child("uiExtensionVersion")
	if t.activate && shown.id() == t.active || !t.activate && !t.link {
		return nil
	}
	return x.update(ctx, t.app, map[string]any{"uiExtensionId": t.id, "uiExtensionVersionId": t.active})
}
