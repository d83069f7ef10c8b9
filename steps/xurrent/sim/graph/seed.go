package graph

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// The small company with which every account starts; Options.Seed adds people, requests and configuration items.
const (
	smallPeople   = 40
	smallRequests = 60
	smallItems    = 30
)

// seeder fills an account. The same account id and Options give the same records with the same ids.
type seeder struct {
	a     *Account
	rand  *rand.Rand
	types map[string]*typeInfo

	people, teams, organizations, sites, services, instances, products []*record
}

func (a *Account) seed() {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := &seeder{a: a, rand: rand.New(rand.NewPCG(a.base, 1)), types: a.world.model.types}
	s.company()
	s.addPeople(smallPeople)
	s.addTeams()
	s.addServices()
	s.addProducts()
	s.addItems(smallItems)
	s.addRequests(smallRequests, true)
	s.addWork()
	s.addIntegrations()
	if more := a.world.opts.Seed - (len(a.records) - a.deleted); more > 0 {
		people, items := more*35/100, more*20/100
		a.records = append(make([]*record, 0, len(a.records)+more), a.records...)
		s.addPeople(people)
		s.addItems(items)
		s.addRequests(more-people-items, false)
	}
}

// ago is a time before the world was made.
func (s *seeder) ago(d time.Duration) string { return timestamp(s.a.world.start.Add(-d)) }

// add makes a record from names and values in turn. Relations take records.
func (s *seeder) add(typ, at string, fields ...any) *record {
	t := s.types[typ]
	r := s.a.add(t, len(fields)/2+4)
	s.a.begin(r, at)
	for i := 0; i < len(fields); i += 2 {
		f := t.fields[fields[i].(string)]
		switch v := fields[i+1].(type) {
		case *record:
			if v != nil {
				s.a.link(r, f, v)
			}
		case []*record:
			for _, to := range v {
				s.a.link(r, f, to)
			}
		default:
			r.set(f.key, v)
		}
	}
	return r
}

func pick[T any](s *seeder, from []T) T { return from[s.rand.IntN(len(from))] }

const day = 24 * time.Hour

func (s *seeder) company() {
	name := accountName(s.a.id)
	for i, site := range siteNames {
		s.sites = append(s.sites, s.add("Site", s.ago(900*day), "name", site, "timeZone", siteZones[i]))
	}
	company := s.add("Organization", s.ago(900*day), "name", name, "businessUnit", true)
	s.organizations = append(s.organizations, company)
	for _, part := range departments {
		s.organizations = append(s.organizations, s.add("Organization", s.ago(880*day), "name", name+", "+part, "parent", company))
	}
}

func (s *seeder) addPeople(n int) {
	for range n {
		i := len(s.people)
		first, last := firstNames[i%len(firstNames)], lastNames[(i/len(firstNames)+i*7)%len(lastNames)]
		email := asciiLower(first) + "." + asciiLower(last)
		if i >= smallPeople {
			email += numberString(uint64(i))
		}
		var manager *record
		if i > 0 {
			manager = s.people[min(i-1, 8)*i%9%max(1, min(i, 9))]
		}
		p := s.add("Person", s.ago(800*day-time.Duration(i%700)*day),
			"name", first+" "+last, "primaryEmail", email+"@"+s.a.id+".example", "employeeID", "E"+fmt.Sprint(10000+i),
			"jobTitle", jobTitles[i%len(jobTitles)], "language", languages[i%len(languages)], "timeZone", siteZones[i%len(siteZones)],
			"disabled", i%23 == 22, "vip", i%17 == 0, "manager", manager,
			"organization", s.organizations[i%len(s.organizations)], "site", s.sites[i%len(s.sites)])
		s.people = append(s.people, p)
	}
}

func (s *seeder) addTeams() {
	for i, name := range teamNames {
		s.teams = append(s.teams, s.add("Team", s.ago(790*day), "name", name, "timeZone", siteZones[0],
			"coordinator", s.people[1+i], "manager", s.people[i%3], "members", s.people[1+i*5:6+i*5]))
	}
}

func (s *seeder) addServices() {
	for i, name := range serviceNames {
		service := s.add("Service", s.ago(780*day), "name", name, "description", "All that has to do with "+name+".",
			"serviceOwner", s.people[i], "serviceProvider", s.organizations[1], "supportTeam", s.teams[i], "firstLineTeam", s.teams[0])
		s.services = append(s.services, service)
		offering := s.add("ServiceOffering", s.ago(770*day), "name", name+" Gold", "service", service, "status", "available")
		for _, stage := range []string{"Production", "Test"} {
			instance := s.add("ServiceInstance", s.ago(770*day), "name", name+" "+stage, "service", service,
				"status", "in_production", "supportTeam", s.teams[i], "firstLineTeam", s.teams[0])
			s.instances = append(s.instances, instance)
			if stage == "Production" {
				s.add("ServiceLevelAgreement", s.ago(760*day), "name", name+" for "+accountName(s.a.id), "serviceInstance", instance,
					"customer", s.organizations[0], "serviceOffering", offering, "status", "active", "startDate", s.ago(760 * day)[:10],
					"serviceLevelManager", s.people[2])
			}
		}
	}
}

func (s *seeder) addProducts() {
	for _, c := range productCategories {
		category := s.add("ProductCategory", s.ago(750*day), "name", c.name, "reference", c.reference, "ruleSet", "physical_asset")
		for _, model := range c.models {
			s.products = append(s.products, s.add("Product", s.ago(740*day), "name", c.brand+" "+model, "brand", c.brand, "model", model,
				"productCategory", category, "ruleSet", "physical_asset", "supportTeam", s.teams[4]))
		}
	}
}

func (s *seeder) addItems(n int) {
	for range n {
		i := len(s.a.byType["ConfigurationItem"])
		product := s.products[i%len(s.products)]
		s.add("ConfigurationItem", s.ago(700*day-time.Duration(i%600)*day), "name", product.text(keyName)+" "+fmt.Sprint(100+i),
			"label", "CI-"+fmt.Sprint(100000+i), "product", product, "ruleSet", "physical_asset", "status", itemStatuses[i%len(itemStatuses)],
			"serialNr", fmt.Sprintf("SN%08d", i*7919%100000000), "site", s.sites[i%len(s.sites)],
			"users", pick(s, s.people), "supportTeam", s.teams[4], "source", "discovery", "sourceID", "asset-"+fmt.Sprint(i))
	}
	for _, n := range s.a.byType["ConfigurationItem"] {
		s.a.indexSource(s.a.at(n))
	}
}

func (s *seeder) addRequests(n int, notes bool) {
	for range n {
		i := len(s.a.byType["Request"])
		age := time.Duration(i%2000)*time.Hour + time.Duration(10+i%50)*time.Minute
		status := requestStatuses[i%len(requestStatuses)]
		person, team := pick(s, s.people), s.teams[i%len(s.teams)]
		fields := []any{"subject", requestSubjects[i%len(requestSubjects)], "status", status, "category", requestCategories[i%len(requestCategories)],
			"impact", requestImpacts[i%len(requestImpacts)], "requestedBy", person, "requestedFor", person, "createdBy", person,
			"team", team, "serviceInstance", s.instances[i%len(s.instances)]}
		if status != "assigned" && status != "declined" {
			fields = append(fields, "member", pick(s, s.people[1:1+5*len(s.teams)]))
		}
		if status == "completed" {
			fields = append(fields, "completedAt", s.ago(age/2), "completionReason", "solved")
		}
		r := s.add("Request", s.ago(age), fields...)
		if !notes {
			continue
		}
		for j := range 1 + i%3 {
			note := s.add("Note", s.ago(age-time.Duration(j)*time.Minute), "text", noteTexts[(i+j)%len(noteTexts)], "person", person,
				"internal", j == 2, "medium", "default", "visibility", "end_user")
			note.set(keyOwner, ref(r.number))
			s.a.link(r, r.typ.fields["notes"], note)
		}
	}
}

// addWork adds a few problems and a workflow with tasks.
func (s *seeder) addWork() {
	requests := s.a.byType["Request"]
	for i, subject := range []string{"Mail is slow every Monday morning", "Laptops lose the network after sleep"} {
		s.add("Problem", s.ago(40*day), "subject", subject, "status", "analyzed", "category", "reactive", "impact", "medium",
			"manager", s.people[1], "team", s.teams[i+1], "requests", []*record{s.a.at(requests[i]), s.a.at(requests[i+7])})
	}
	workflow := s.add("Workflow", s.ago(30*day), "subject", "Replace the mail servers", "status", "in_progress", "category", "standard",
		"manager", s.people[2], "service", s.services[0])
	for i, subject := range []string{"Order the servers", "Install the servers", "Move the mailboxes"} {
		s.add("Task", s.ago(29*day), "subject", subject, "status", "assigned", "category", "implementation", "workflow", workflow,
			"team", s.teams[i+1], "member", s.people[6+5*i])
	}
}

// addIntegrations adds the service instance that apps name as their support.
func (s *seeder) addIntegrations() {
	service := s.add("Service", s.ago(20*day), "name", "Integrations", "serviceOwner", s.people[0], "serviceProvider", s.organizations[1], "supportTeam", s.teams[0])
	s.add("ServiceInstance", s.ago(20*day), "name", "Integrations", "service", service, "status", "in_production", "supportTeam", s.teams[0])
}

func asciiLower(s string) string {
	b := make([]byte, 0, len(s))
	for _, c := range []byte(s) {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c >= 'a' && c <= 'z' {
			b = append(b, c)
		}
	}
	return string(b)
}
