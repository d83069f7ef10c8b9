package testrun

import (
	"fmt"
	"io"

	"currant/engine/lang"
)

// reference is what is said of tests besides their arguments.
const reference = "\n## Tests\n\n### test\n\n" +
	"One run of a runbook, in a file *.test.hcl of the blueprint, and what must come of it. `currant test` runs the tests, each in a world of its own.\n\n" +
	`Several requests are asked about, and each is:

` + "```hcl" + `
test "asks about every request" {
  runbook   = runbook.collect
  variables = { client_id = "id", client_secret = "long-enough" }

  trigger {
    customer_account_id = "wdc"
    app_reference       = "survey"
    payload             = { text = "hi" }
  }

  mock "token" { output = { client_id = "id", client_secret = "s" } }
  mock "requests" { records = [{ id = "1", requestedFor = { name = "Ann" } }, { id = "2", requestedFor = { name = "Bo" } }] }
  mock "note" { output = { note = { id = "n1" } } }

  expect "note" {
    count     = 2
    arguments = { input = { text = "hi, Ann?" } }
  }

  assert {
    condition     = run.status == "finished" && run.outputs.asked == 2
    error_message = "Everyone must be asked."
  }
}
` + "```\n\n"

// names is the table of what expressions of tests see.
const names = `| name | where | what |
|---|---|---|
| ` + "`var.N`, `local.N`, `path.blueprint`, `app.N`, `runbook.N`" + ` | everywhere but in variables, now, timeout, count and index, which are literal | values of the blueprint |
| ` + "`call`" + ` | in mock | ` + "`arguments`, `index` (from 0) and `attempt`" + ` of the call that is answered |
| ` + "`run.status`" + ` | in assert | finished, failed, cancelled, held or discarded |
| ` + "`run.outputs.N`" + ` | in assert | the outputs; null where the run did not come to them |
| ` + "`run.error`" + ` | in assert | null, or ` + "`message`, `kind`, `step` (null where it is none's) and `status`" + ` (of HTTP, or null) |
| ` + "`run.steps.N`" + ` | in assert | of a step of the test's own runbook: ` + "`count`; `status` (ok, failed, skipped, held, stopped, or null), `arguments`, `output` and `error` of its last call; `calls`, the same of each" + ` |
| ` + "`run.logs`" + ` | in assert | the lines of the log: ` + "`level`, `message`, `step`, `data`" + ` |

`

// WriteReference prints the reference of tests as Markdown, from the specs that they are checked with. table prints
// the arguments of a spec.
func WriteReference(w io.Writer, table func(io.Writer, *lang.Spec) error) error {
	if _, err := io.WriteString(w, reference); err != nil {
		return err
	}
	if err := table(w, testSpec); err != nil {
		return err
	}
	_, err := fmt.Fprint(w, names)
	return err
}
