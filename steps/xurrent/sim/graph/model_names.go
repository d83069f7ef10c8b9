package graph

// inverseNames pairs the relations that the types alone leave open; "" means that the field stands on its own.
var inverseNames = map[string]string{
	"Organization.childOrganizations":       "Organization.parent",
	"Organization.permittedCustomers":       "",
	"Organization.contracts":                "Contract.customer",
	"Organization.serviceLevelAgreements":   "ServiceLevelAgreement.customer",
	"ServiceLevelAgreement.organizations":   "",
	"Organization.timeAllocations":          "TimeAllocation.organizations",
	"TimeAllocation.customers":              "",
	"Person.cart":                           "",
	"Person.configurationItems":             "ConfigurationItem.users",
	"Person.outOfOfficePeriods":             "OutOfOfficePeriod.person",
	"Person.skillPools":                     "SkillPool.members",
	"Person.teams":                          "Team.members",
	"KnowledgeArticle.requests":             "Request.knowledgeArticles",
	"ProjectTask.predecessors":              "ProjectTask.successors",
	"ServiceInstance.childServiceInstances": "ServiceInstance.parentServiceInstances",
	"Request.groupedRequests":               "Request.groupedInto",
	"EffortClass.timesheetSettings":         "TimesheetSetting.effortClasses",
	"EffortClass.serviceOfferings":          "ServiceOffering.effortClasses",
}

// inputNames says which field an input field sets where neither its own name nor its name without Id or Ids is a
// field of the record. "Type.input" counts for one type of record.
var inputNames = map[string]string{
	"Service.provider":                "serviceProvider",
	"ServiceLevelAgreement.personIds": "people",
	"SurveyResponse.person":           "respondent",
	"Invoice.ciIds":                   "configurationItems",
	"newAccountPermissions":           "permissions",
	"accountPermissionsToDelete":      "permissions",
}

// requiredOnCreate are fields that the input type leaves optional, but that a record cannot be without.
var requiredOnCreate = map[string]string{"Request": "subject"}

// filterNames says where the value of a filter key is found, for keys that are not the path of a field. A dot leads
// from a record to a related one.
var filterNames = map[string]string{
	"ci":                                "configurationItems",
	"sla":                               "slas",
	"operatingSystem":                   "configurationItems.operatingSystem",
	"Request.service":                   "serviceInstance.service",
	"Request.serviceOwner":              "serviceInstance.service.serviceOwner",
	"Request.serviceProvider":           "serviceInstance.service.serviceProvider",
	"Request.serviceProblemManager":     "serviceInstance.service.problemManager",
	"Request.product":                   "configurationItems.product",
	"Request.productBrand":              "configurationItems.product.brand",
	"Request.productCategory":           "configurationItems.product.productCategory",
	"Request.affectedSla":               "affectedSlas.serviceLevelAgreement",
	"Request.affectedServiceInstance":   "affectedSlas.serviceInstance",
	"Request.tag":                       "tags.name",
	"Request.businessUnit":              "organization.businessUnitOrganization",
	"ServiceInstance.serviceProvider":   "service.serviceProvider",
	"ServiceInstance.sla":               "serviceLevelAgreements",
	"AppInstance.appOfferingReference":  "appOffering.reference",
	"AppInstance.serviceInstance":       "appOffering.serviceInstance",
	"AppOffering.service":               "serviceInstance.service",
	"ConfigurationItem.user":            "users",
	"ConfigurationItem.productCategory": "product.productCategory",
	"ConfigurationItem.serviceInstance": "serviceInstances",
	"Person.team":                       "teams",
}

// scopeNames are the record types of scopes whose name is not that of the type (PLATFORM 7.9).
var scopeNames = map[string]string{
	"ConfigurationItem":         "ci",
	"ServiceLevelAgreement":     "sla",
	"FirstLineSupportAgreement": "flsa",
}

// createDefaults are values that a record has when it is created without them.
var createDefaults = map[string]map[string]string{
	"Request":           {"category": "incident", "status": "assigned"},
	"ConfigurationItem": {"status": "in_production"},
	"ServiceInstance":   {"status": "in_production"},
	"AppOfferingScope":  {"effect": "allow"},
}
