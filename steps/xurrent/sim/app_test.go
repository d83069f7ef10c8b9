package sim

import (
	"testing"

	"currant/steps/xurrent/sim/graph"
)

// app makes an offering with an installation.
func (s *service) app(reference string) (offering, instance string) {
	s.Helper()
	a, _ := s.sim.Account("acme")
	var made struct{ ID string }
	s.mutate("appOfferingCreate", "appOffering", "id", map[string]any{"name": reference, "reference": reference,
		"serviceInstanceId": text(a.All("ServiceInstance")[0], "id")}, &made)
	offering = made.ID
	s.mutate("appInstanceCreate", "appInstance", "id", map[string]any{"appOfferingId": offering, "customerAccountId": "customer",
		"enabledByCustomer": true, "customerRepresentativeId": text(a.All("Person")[0], "id")}, &made)
	return offering, made.ID
}

// Events of installations reach the webhooks that name their offering, or none, with the payload of PLATFORM 7.4.
func TestAppInstanceEvents(t *testing.T) {
	s := start(t, Options{})
	offering, instance := s.app("provider_widget")
	_, other := s.app("provider_gadget")
	all, one := receive(t, always(200)), receive(t, always(200))
	s.subscribe(all, "app_instance.update", "", false)
	s.confirm(all.next(t))
	var hook struct{ ID string }
	s.mutate("webhookCreate", "webhook", "id", map[string]any{"event": "app_instance.update", "uri": one.URL,
		"appOfferingReferences": []string{"provider_widget"}}, &hook)
	s.confirm(one.next(t))

	var out struct{ ID string }
	s.mutate("appInstanceUpdate", "appInstance", "id", map[string]any{"id": other, "suspended": true}, &out)
	if got := s.event(all.next(t)); got.ObjectNodeID != other || got.Payload["suspended"] != true {
		t.Errorf("of the other app: %+v", got)
	}
	s.mutate("appInstanceUpdate", "appInstance", "id", map[string]any{"id": instance, "disabled": true}, &out)
	for _, r := range []*receiver{all, one} {
		got := s.event(r.next(t))
		app, _ := got.Payload["app_offering"].(map[string]any)
		person, _ := got.Payload["customer_representative"].(map[string]any)
		if got.ObjectNodeID != instance || app["reference"] != "provider_widget" || app["nodeID"] != offering || app["id"] != float64(graph.Number(offering)) ||
			got.Payload["customer_account_id"] != "customer" || got.Payload["disabled"] != true || got.Payload["enabled_by_customer"] != true ||
			got.Payload["suspended"] != false || person["name"] == "" {
			t.Errorf("of the app: %+v", got)
		}
	}
	if len(one.got)+len(all.got) > 0 {
		t.Error("more was delivered")
	}
}
