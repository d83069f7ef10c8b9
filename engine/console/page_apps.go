package console

import "net/http"

type appsPage struct {
	Apps      []App
	Customers []Customer
	More      int // customers that are not shown
}

// maxCustomers is how many installations the page shows.
const maxCustomers = 500

// showApps shows apps and who has installed them: names of credentials, never one itself.
func (c *Console) showApps(w http.ResponseWriter, r *http.Request) error {
	var p appsPage
	if c.o.Apps != nil {
		p.Apps = c.o.Apps()
	}
	if c.o.Customers != nil {
		all, err := c.o.Customers(r.Context())
		if err != nil {
			return err
		}
		p.Customers = all[:min(len(all), maxCustomers)]
		p.More = len(all) - len(p.Customers)
	}
	return c.render(w, r, http.StatusOK, "apps", "Apps and customers", p)
}
