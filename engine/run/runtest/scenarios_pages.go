package runtest

import (
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/steps"
)

// pagesScenarios are steps that get their items page by page.
func pagesScenarios() []Scenario {
	once := func(kind error) func(Call) Answer {
		return func(c Call) Answer {
			if c.Cursor == "2" && c.Nth == 1 {
				return Answer{Err: kind}
			}
			return Answer{}
		}
	}
	return []Scenario{{
		Name: "pages/gathered",
		HCL: `
  step "feed" "f" { items = ["a", "b", "c", "d", "e"] }
  output "r" { value = [step.f.count, step.f.nodes, step.f.last] }`,
		Want: `finished {"r":[5,["a","b","c","d","e"],5]}`, Calls: "f=3",
	}, {
		Name: "pages/none",
		HCL: `
  step "feed" "f" {
    items = []
    each { 
      collect = each.value
      step "probe" "p" { value = each.value }
    }
  }
  output "r" { value = [step.f.count, step.f.collected] }`,
		Want: `finished {"r":[0,[]]}`, Calls: "f=1",
	}, {
		Name: "pages/each",
		HCL: `
  step "feed" "f" {
    items = ["a", "b", "c", "d", "e"]
    each "x" {
      collect = "${x.index}${step.p.value}"
      step "probe" "p" {
        value  = upper(x.value)
        effect = "write"
      }
      step "probe" "q" { value = step.p.value }
    }
  }
  output "r" { value = [step.f.count, step.f.collected] }`,
		Want: `finished {"r":[5,["0A","1B","2C","3D","4E"]]}`, Calls: "f=3 p=5 q=5",
	}, {
		Name: "pages/each in parallel",
		HCL: `
  step "feed" "f" {
    items = [7, 3, 5, 1, 6, 2, 4, 8, 9]
    size  = 3
    each "x" {
      parallel = 4
      collect  = step.p.value
      step "probe" "p" {
        value  = x.value
        effect = "idempotent"
      }
    }
  }
  output "r" { value = step.f.collected }`,
		Answers: Answers{"p": func(c Call) Answer {
			n, _ := c.Value.AsBigFloat().Int64()
			return Answer{After: time.Duration(n) * time.Second}
		}},
		Want: `finished {"r":[7,3,5,1,6,2,4,8,9]}`, Calls: "f=3 p=9",
	}, {
		Name: "pages/each_page",
		HCL: `
  step "feed" "f" {
    items = ["a", "b", "c", "d", "e"]
    each_page "x" {
      collect = "${x.index}:${join("", x.value)}"
      step "probe" "p" { value = x.value }
    }
  }
  output "r" { value = [step.f.count, step.f.collected] }`,
		Want: `finished {"r":[5,["0:ab","1:cd","2:e"]]}`, Calls: "f=3 p=3",
	}, {
		Name: "pages/a page is put back",
		HCL: `
  step "feed" "f" {
    items = ["a", "b", "c", "d", "e"]
    each "x" {
      step "probe" "p" {
        value  = x.value
        effect = "write"
      }
    }
  }
  step "feed" "g" { items = [1, 2, 3] }
  output "r" { value = [step.f.count, step.g.nodes] }`,
		Answers: Answers{"f": once(&steps.PutBack{After: time.Hour, Reason: "busy", Status: 429}), "g": once(&steps.PutBack{After: time.Hour, Reason: "busy"})},
		Want:    `finished {"r":[5,[1,2,3]]}`, Calls: "f=4 g=3 p=5", Took: 2 * time.Hour,
	}, {
		Name: "pages/a page is asked for again",
		HCL: `
  step "feed" "f" {
    items = ["a", "b", "c", "d", "e"]
    retry {
      attempts = 2
      delay    = "1m"
    }
    each "x" {
      step "probe" "p" {
        value  = x.value
        effect = "write"
      }
    }
  }
  output "r" { value = step.f.count }`,
		Answers: Answers{"f": func(c Call) Answer {
			if c.Attempt == 1 && c.Cursor != "" {
				return Answer{Err: steps.Errorf(steps.NetworkError, "gone")}
			}
			return Answer{}
		}},
		Want: `finished {"r":5}`, Calls: "f=5 p=5", Took: 2 * time.Minute,
	}, {
		Name: "pages/a page fails",
		HCL: `
  step "feed" "f" {
    items = ["a", "b", "c"]
    each "x" {
      step "probe" "p" {
        value  = x.value
        effect = "write"
      }
    }
  }`,
		Answers: Answers{"f": func(c Call) Answer {
			if c.Cursor != "" {
				return Answer{Err: steps.Errorf(steps.GraphQLError, "no more")}
			}
			return Answer{}
		}},
		Want: `failed graphql at "f": no more`, Calls: "f=2 p=2",
	}, {
		Name: "pages/an iteration fails, and is caught",
		HCL: `
  step "try" "t" {
    do {
      step "feed" "f" {
        items = ["a", "b", "c", "d", "e"]
        each "x" {
          step "probe" "p" { value = x.value }
        }
      }
    }
    catch {
      step "compute" "c" { v = error.step }
    }
  }
  output "r" { value = step.c.v }`,
		Answers: Answers{"p": func(c Call) Answer {
			if c.Value.RawEquals(cty.StringVal("b")) {
				return Answer{Err: steps.Errorf(steps.FailError, "no b")}
			}
			return Answer{}
		}},
		Want: `finished {"r":"p"}`, Calls: "f=2 p=2",
	}, {
		Name: "pages/too many to gather",
		HCL: `
  step "feed" "f" {
    items = range(101)
    size  = 60
  }`,
		Want: `failed input at "f": more than 100 records: use each`, Calls: "f=2",
	}, {
		Name: "pages/times out while a page is on its way",
		HCL: `
  step "feed" "f" {
    items   = ["a", "b", "c"]
    timeout = "1m"
    each "x" {
      step "probe" "p" { value = x.value }
    }
  }`,
		Answers: Answers{"f": func(c Call) Answer { return Answer{Block: c.Cursor != ""} }},
		Want:    `failed timeout at "f": the step took longer than its timeout of 1m`, Calls: "f=2 p=2",
		Loose: "the pages of a crash are asked for in another time",
	}, {
		Name: "pages/parks for what is not there yet",
		HCL: `
  step "feed" "f" {
    items = ["a", "b", "c"]
    each "x" {
      step "probe" "p" { value = x.value }
    }
  }
  output "r" { value = step.f.count }`,
		Answers: Answers{"f": func(c Call) Answer {
			switch c.Cursor {
			case "":
				return Answer{Err: &steps.Park{Until: c.Now.Add(time.Minute), Cursor: []byte("0"), Reason: "not yet"}}
			case "2":
				return Answer{Err: &steps.Park{Until: c.Now.Add(time.Minute), Cursor: []byte("02"), Reason: "not yet"}}
			}
			return Answer{}
		}},
		Want: `finished {"r":3}`, Calls: "f=4 p=3", Took: 2 * time.Minute,
	}}
}
