package graph

// Words of the small company. They are kept as any so that records share them.
var (
	siteNames   = []string{"Utrecht", "Palo Alto", "Singapore"}
	siteZones   = []any{"Amsterdam", "Pacific Time (US & Canada)", "Singapore"}
	departments = []string{"IT", "Sales", "Operations"}
	languages   = []any{"en", "nl", "en-US", "de"}

	firstNames = []string{"Howard", "Grace", "Ellen", "Victor", "Amira", "Jonas", "Mei", "Oscar", "Priya", "Tomas", "Ruth", "Samuel", "Ines", "Pavel", "Laila", "Hugo", "Nora", "Diego", "Freya", "Kenji", "Zoe"}
	lastNames  = []string{"Tanner", "Okafor", "Brandt", "Vermeer", "Castillo", "Lindqvist", "Chen", "Moreau", "Nair", "Kowalski", "Abrams", "Sato", "Fischer", "Haddad", "Olsen", "Walsh", "Petrov", "Silva", "Jansen", "Reyes"}
	jobTitles  = []any{"Chief Information Officer", "Service Desk Analyst", "System Engineer", "Account Manager", "Network Engineer", "Buyer", "Controller", "Sales Representative"}

	teamNames    = []string{"Service Desk", "Mail and Collaboration", "Networks", "Applications", "Workplace", "Facilities"}
	serviceNames = []string{"Email", "Network", "Customer Portal"}

	productCategories = []struct {
		name, reference, brand string
		models                 []string
	}{
		{"Laptop", "laptop", "Northwind", []string{"Swift 14", "Swift 16"}},
		{"Server", "server", "Cobalt", []string{"R200", "R450"}},
		{"Printer", "printer", "Inkwell", []string{"Jet 5"}},
	}
	itemStatuses = []any{"in_production", "in_production", "in_stock", "in_production", "installed", "being_repaired"}

	requestStatuses   = []any{"assigned", "in_progress", "completed", "waiting_for_customer", "completed", "accepted", "waiting_for", "completed", "declined", "on_backlog", "workflow_pending", "project_pending", "reservation_pending"}
	requestCategories = []any{"incident", "rfi", "rfc", "incident", "complaint", "order", "other"}
	requestImpacts    = []any{"low", "medium", "high", "top", "low"}
	requestSubjects   = []any{"Cannot open my mailbox", "Request for a new laptop", "Printer on the second floor prints blank pages", "The customer portal is slow", "No network in meeting room 4", "Password expired", "Access to the sales share", "Calendar shows the wrong time zone", "Software installation for a new colleague", "Screen flickers"}
	noteTexts         = []any{"It began this morning.", "Restarting did not help.", "We are looking into it.", "Is there any news?", "This also happens to my colleagues."}
)
