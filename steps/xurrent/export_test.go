package xurrent

import "currant/engine/lang"

// What tests from outside need to put into, and see in, what is kept of customers.

type WebhookPolicy = webhookPolicy

func CustomersOf(kept lang.Kept, provider string) Customers { return customersOf(kept, provider) }
