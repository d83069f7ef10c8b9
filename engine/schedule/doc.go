// Package schedule says when a schedule fires: a cron line, an RFC 5545
// recurrence rule, a fixed interval or one moment, each in a stated time zone.
//
// It is pure: it holds no timer, starts no goroutine and never asks what time
// it is. The engine keeps a row per schedule, asks Due with the last occurrence
// it fired and the present time, fires what it is told and sleeps until next.
//
// # Clock changes
//
// Cron lines and rules speak of the clock on the wall, so they are computed on
// that clock and turned into moments afterwards (clock.go):
//
//   - a time that does not exist (spring) fires once, at the first moment after the gap;
//   - a time that happens twice (autumn) fires once, the first time;
//   - a cron line whose hour field is a bare * speaks of no hour. It follows the
//     clock as it passes: nothing extra after a gap, and both of two equal hours,
//     so that "*/5 * * * *" never pauses for an hour. (Vixie cron does the same.)
//
// Intervals (every) and single moments (at) count real time and have no such cases.
//
// # Libraries
//
// Cron: netresearch/go-cron parses and steps, adhocore/gronx was the other
// candidate. Both know lists, steps, ranges, names, L, W and #. Neither has the
// rules above (both lose a midnight that does not exist, as in Havana; gronx
// drops a time in the gap, go-cron fires twice in autumn), so either is used on
// a clock without changes. go-cron parses once into bit sets, is 2 to 10 times
// as fast and finds in 0.2 ms that 30 February never comes; gronx reads the text
// again at each step and gives up after 500 steps with "tried so hard".
//
// RRULE: expanded here (rule.go), a day at a time and bounded by construction.
// teambition/rrule-go loops for ever on FREQ=HOURLY;INTERVAL=24;BYHOUR=5 from
// midnight and indexes out of range on FREQ=MONTHLY;BYDAY=53MO, from inside
// calls that cannot be interrupted. The tests use it as the oracle instead.
//
// It may import the standard library and go-cron. Start reading at Spec, then
// Schedule.Due.
package schedule
