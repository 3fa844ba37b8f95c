package remediator

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/journal"
)

func TestAutoStartsADeadNodeOnceAndVerifies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cluster.ModeAuto)
		b.strike()
		defer b.close()
		b.wait(time.Minute)
		b.wantOrders("start n2")
		b.wantState(journal.StateHealed, "well for 10s")
		want := []string{"hint", "observed", "problem", "plan", "guards", "journal", "verb", "verb-done", "observed", "synced", "healed"}
		if diff := cmp.Diff(want, kinds(b.incident().Events)); diff != "" {
			t.Errorf("story (-want +got):\n%s", diff)
		}
		if told := b.told(); len(told) != 2 {
			t.Errorf("told %q, want the act and its success", told)
		}
	})
}

func TestWithoutAnAlertNothingIsLookedAt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cluster.ModeAuto)
		b.ward.kill("n2")
		b.run()
		defer b.close()
		b.wait(time.Hour)
		b.wantOrders()
	})
}

func TestAThousandAlertsAreOneAct(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cluster.ModeAuto)
		b.ward.kill("n2")
		b.run()
		defer b.close()
		for range 1000 {
			b.alert("backoffice", 0, false)
		}
		b.wait(time.Minute)
		b.wantOrders("start n2")
	})
}

func TestObserveDoesNothingAndSaysWhatItWouldDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cluster.ModeObserve)
		b.strike()
		defer b.close()
		b.wait(20 * time.Minute)
		b.wantOrders()
		b.wantState(journal.StateRefused, "would start n2 (rejoins), but the cluster's mode is observe")
		if told := b.told(); len(told) != 1 || !strings.Contains(told[0], "Would otherwise: start n2") {
			t.Errorf("told %q, want one line with the plan", told)
		}
		if err := b.Approve(t.Context(), b.incident().ID, "ana"); !errors.Is(err, ErrNotNow) {
			t.Errorf("approved in observe: %v", err)
		}
		b.wait(time.Minute)
		b.wantOrders() // observe is observe, whoever approves
	})
}

func TestProposeWaitsForApproval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cluster.ModePropose)
		b.strike()
		defer b.close()
		b.wait(time.Minute)
		b.wantOrders()
		b.wantState(journal.StateProposed, "kagu approve")
		if err := b.Approve(t.Context(), b.incident().ID, "ana"); err != nil {
			t.Fatal(err)
		}
		b.wait(time.Minute)
		b.wantOrders("start n2")
		b.wantState(journal.StateHealed, "")
	})
}

func TestAnApprovalHoldsForThePlanItWasGivenTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cluster.ModePropose)
		// When the engine looks again, another plan would be made for the same incident.
		var looks atomic.Int32
		b.Kinds[cluster.KindGalera].Problems[0].Plan = func(s cluster.Snapshot, node string) (Plan, error) {
			if looks.Add(1) == 1 {
				return planStart(s, node)
			}
			return Plan{Steps: []Step{{Action: Action{Name: "rebuild"}, Node: "n2"}}}, nil
		}
		b.strike()
		defer b.close()
		b.wait(time.Millisecond)
		if err := b.Approve(t.Context(), b.incident().ID, "ana"); err != nil {
			t.Fatal(err)
		}
		b.wait(time.Minute)
		b.wantOrders()
		b.wantState(journal.StateProposed, "would rebuild n2")
	})
}

func TestAnApprovalExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cluster.ModePropose)
		b.strike()
		b.wait(time.Second)
		id := b.incident().ID
		b.halt()
		if err := b.Approve(t.Context(), id, "ana"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(approvalHolds + time.Second)
		b.run()
		defer b.close()
		b.wait(time.Minute)
		b.wantOrders()
	})
}

func TestWhatCanLoseDataWaitsInEveryMode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cluster.ModeAuto)
		b.Kinds[cluster.KindGalera].Problems[0].Plan = func(cluster.Snapshot, string) (Plan, error) {
			return Plan{Steps: []Step{{Action: Action{Name: "rebuild"}, Node: "n2"}}}, nil
		}
		b.strike()
		defer b.close()
		b.wait(time.Minute)
		b.wantOrders()
		b.wantState(journal.StateProposed, "could lose data")
	})
}

func TestMaintenanceIsRespectedAndEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cluster.ModeAuto)
		b.ward.kill("n2")
		now := time.Now()
		m := journal.Maintenance{Cluster: "backoffice", Since: now, Until: now.Add(10 * time.Minute), By: "ana", Why: "new disk"}
		if err := b.Journal.SetMaintenance(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		b.run()
		defer b.close()
		b.alert("backoffice", 0, false)
		b.wait(9 * time.Minute)
		b.wantOrders()
		b.wantState(journal.StateRefused, "in maintenance")
		b.wait(2 * time.Minute)
		b.wantOrders("start n2")
	})
}

func TestAStopOnPurposeIsRespected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cluster.ModeAuto)
		b.ward.kill("n2")
		b.ward.stopped["n2"] = "ana: new disk"
		b.run()
		defer b.close()
		b.alert("backoffice", 0, false)
		b.wait(time.Hour)
		b.wantOrders()
		b.wantState(journal.StateRefused, "stopped on purpose (ana: new disk)")
	})
}

func TestAnAlertOfAnHourAgoIsNotActedOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cluster.ModeAuto)
		b.ward.kill("n2")
		b.run()
		defer b.close()
		b.alert("backoffice", time.Hour, false)
		b.wait(time.Minute)
		b.wantOrders()
		b.wantState(journal.StateRefused, "longer than max_alert_age 30m0s")
	})
}

func TestAnAlertThatResolvedMeanwhileIsNotActedOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cluster.ModeAuto)
		b.ward.kill("n2")
		b.alert("backoffice", 0, false)
		b.alert("backoffice", 0, true)
		b.run()
		defer b.close()
		b.wait(time.Minute)
		b.wantOrders()
		b.wantState(journal.StateRefused, "no alert about the cluster is firing any more")
	})
}

func TestAFalseAlertIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cluster.ModeAuto)
		b.run()
		defer b.close()
		b.alert("backoffice", 0, false)
		b.wait(time.Minute)
		b.ward.kill("n2") // dies later, with no alert yet
		b.wait(time.Hour)
		b.wantOrders()
		if list := b.incidents(); len(list) != 0 {
			t.Errorf("incidents %+v, want none", list)
		}
	})
}

func TestTheClusterRestsAfterAnAct(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cluster.ModeAuto)
		b.strike()
		defer b.close()
		b.wait(time.Minute)
		b.ward.kill("n3")
		b.alert("backoffice", 0, false)
		b.wait(5 * time.Minute)
		b.wantOrders("start n2")
		b.wait(10 * time.Minute)
		b.wantOrders("start n2", "start n3")
	})
}

func TestTwoDeadNodesAreHealedOneAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cluster.ModeAuto)
		b.fleet.Clusters[0].Policy.Cooldown = 0
		b.ward.kill("n2", "n3")
		b.run()
		defer b.close()
		b.alert("backoffice", 0, false)
		b.wait(8 * time.Second)
		b.wantOrders("start n2") // n3 waits until n2 has been verified
		b.wait(time.Minute)
		b.wantOrders("start n2", "start n3")
	})
}

func TestWhatDidNotHelpThreeTimesIsNotTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cluster.ModeAuto)
		p := &b.fleet.Clusters[0].Policy
		p.Cooldown, p.VerifyTimeout, p.MaxAlertAge = time.Minute, time.Minute, 24*time.Hour
		b.ward.cures = false
		b.strike()
		defer b.close()
		b.wait(30 * time.Minute)
		b.wantOrders("start n2", "start n2", "start n2")
		b.wantState(journal.StateFailed, "3 acts on n2 failed within 1h0m0s")
	})
}

func TestARefusalOfTheHostIsToldAndNotHammered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cluster.ModeAuto)
		b.ward.cures, b.ward.answer = false, fmt.Errorf("%w: a frozen process is there", ErrRefused)
		b.strike()
		defer b.close()
		b.wait(time.Second)
		b.wantState(journal.StateRefused, "a frozen process is there")
		if told := b.told(); len(told) != 2 || !strings.Contains(told[1], "The host would not") {
			t.Errorf("told %q", told)
		}
		b.wait(50 * time.Second)
		b.wantOrders("start n2")
		b.wait(28 * time.Minute)
		b.wantOrders("start n2", "start n2", "start n2")
	})
}

func TestAVerbOfUnknownOutcomeIsNotSentAgain(t *testing.T) {
	for name, cures := range map[string]bool{"it worked": true, "it did not": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, cluster.ModeAuto)
				b.ward.cures, b.ward.answer = cures, fmt.Errorf("%w: the line broke", ErrUnsure)
				b.strike()
				defer b.close()
				b.wait(6 * time.Minute)
				b.wantOrders("start n2")
				want := map[bool]journal.State{true: journal.StateHealed, false: journal.StateFailed}[cures]
				b.wantState(want, "")
			})
		})
	}
}

func TestAFailureThatHealsLaterIsToldToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cluster.ModeAuto)
		b.ward.slow = 7 * time.Minute
		b.strike()
		defer b.close()
		b.wait(6 * time.Minute)
		b.wantState(journal.StateFailed, "")
		b.wait(2 * time.Minute)
		b.wantState(journal.StateHealed, "later than we waited for")
		b.wantOrders("start n2")
	})
}

func TestAnInterruptedActHoldsTheCluster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cluster.ModeAuto)
		b.ward.cures = false
		b.strike()
		b.wait(5 * time.Second)
		b.halt() // in the middle of the verification
		b.wantOrders("start n2")

		b.run()
		b.wait(20 * time.Minute)
		b.wantOrders("start n2") // nothing is sent again
		b.wantState(journal.StateHeld, "nothing is sent again")
		if told := b.told(); len(told) != 2 || !strings.Contains(told[1], "kagu release") {
			t.Errorf("told %q, want the act and the hold", told)
		}

		b.ward.revive("n2")
		b.wait(time.Minute)
		b.wantState(journal.StateHealed, "seen well after a restart")
		b.close()
	})
}

func TestAnActInterruptedAtItsVeryEndIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cluster.ModeAuto)
		b.ward.kill("n2")
		b.sql("CREATE TRIGGER full BEFORE UPDATE OF finished ON intents BEGIN SELECT RAISE(FAIL, 'interrupted'); END")
		b.run()
		b.alert("backoffice", 0, false)
		b.wait(16 * time.Second) // healed, and the last write failed
		b.halt()
		b.wantState(journal.StateHealed, "well for 10s")
		b.sql("DROP TRIGGER full")
		b.run()
		defer b.close()
		b.wait(time.Second)
		if acts, err := b.Journal.Unfinished(t.Context(), "backoffice"); err != nil || len(acts) != 0 {
			t.Errorf("unfinished %v, %v", acts, err)
		}
		b.wantState(journal.StateHealed, "well for 10s")
		b.wantOrders("start n2")
	})
}

func TestAHumanReleasesAHeldCluster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cluster.ModeAuto)
		b.fleet.Clusters[0].Policy.Cooldown = 0
		b.ward.cures = false
		b.strike()
		b.wait(5 * time.Second)
		b.halt()
		b.run()
		defer b.close()
		b.wait(time.Minute)
		b.ward.mu.Lock()
		b.ward.cures = true
		b.ward.mu.Unlock()
		if err := b.Release(t.Context(), b.incident().ID, "ana"); err != nil {
			t.Fatal(err)
		}
		b.wait(time.Minute)
		b.wantOrders("start n2", "start n2") // a second act, decided afresh
		b.wantState(journal.StateHealed, "")
		if err := b.Release(t.Context(), b.incident().ID, "ana"); !errors.Is(err, ErrNotNow) {
			t.Errorf("released a healed incident: %v", err)
		}
	})
}

func TestOneClusterOfASiteIsActedOnAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cluster.ModeAuto, "backoffice", "billing")
		b.ward.kill("n2")
		b.ward.cures = false
		b.run()
		defer b.close()
		b.alert("backoffice", 0, false)
		b.alert("billing", 0, false)
		b.wait(time.Minute)
		b.wantOrders("start n2")
	})
}

func TestTheKillSwitchStopsEverything(t *testing.T) {
	for name, make := range map[string]func(dir string) string{
		"the file is there": func(dir string) string {
			file := filepath.Join(dir, "stop")
			_ = os.WriteFile(file, nil, 0o600)
			return file
		},
		"its folder is gone": func(dir string) string { return filepath.Join(dir, "gone", "stop") },
		"it cannot be read":  func(dir string) string { return filepath.Join(dir, strings.Repeat("x", 300)) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, cluster.ModeAuto)
				b.Guards = StandardGuards(b.Journal, KillSwitch{make(t.TempDir())})
				b.strike()
				defer b.close()
				b.wait(time.Minute)
				b.wantOrders()
				b.wantState(journal.StateRefused, "kill switch")
			})
		})
	}
}

func TestAJournalThatCannotBeWrittenStopsEverything(t *testing.T) {
	for write, orders := range map[string][]string{
		"INSERT ON incidents": nil,
		"INSERT ON intents":   nil,
		"INSERT ON steps":     nil,
		"UPDATE ON steps":     {"start n2"}, // what was done was done: it is verified all the same
	} {
		t.Run(write, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, cluster.ModeAuto)
				b.sql("CREATE TRIGGER full BEFORE " + write + " BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END")
				b.strike()
				defer b.close()
				b.wait(time.Minute)
				b.wantOrders(orders...)
				if n := testutil.ToFloat64(b.Metrics.journalErrors); n == 0 {
					t.Error("remediator_journal_errors_total is 0")
				}
				b.sql("DROP TRIGGER full") // somebody made room
				b.wait(5 * time.Minute)
				b.wantOrders("start n2")
			})
		})
	}
}

func TestADefectInOneDatabasesKnowledgeIsSurvived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cluster.ModeAuto)
		plan := b.Kinds[cluster.KindGalera].Problems[0].Plan
		broken := true
		b.Kinds[cluster.KindGalera].Problems[0].Plan = func(s cluster.Snapshot, node string) (Plan, error) {
			if broken {
				broken = false
				panic("index out of range")
			}
			return plan(s, node)
		}
		b.strike()
		defer b.close()
		b.wait(time.Minute)
		b.wantOrders("start n2")
	})
}

func TestOneApprovalIsOneAct(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cluster.ModePropose)
		b.ward.cures, b.ward.answer = false, fmt.Errorf("%w: the disk is full", ErrRefused)
		b.strike()
		defer b.close()
		b.wait(time.Second)
		if err := b.Approve(t.Context(), b.incident().ID, "ana"); err != nil {
			t.Fatal(err)
		}
		b.wait(9 * time.Minute)
		b.wantOrders("start n2")
	})
}

func TestAWorseProblemDoesNotCloseTheOldOneWithATick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cluster.ModeAuto)
		kind := b.Kinds[cluster.KindGalera]
		kind.Problems = append(kind.Problems, Problem{
			Name: "all-down", Rank: 10,
			Match: func(s cluster.Snapshot) []string {
				if len(dead(s)) < len(s.Nodes) {
					return nil
				}
				return []string{WholeCluster}
			},
			Plan: func(cluster.Snapshot, string) (Plan, error) { return Plan{}, vetof("all-down", "everything is down") },
		})
		b.Kinds[cluster.KindGalera] = kind
		b.ward.cures = false
		b.strike()
		defer b.close()
		b.wait(6 * time.Minute) // the act failed
		b.ward.kill("n1", "n3")
		b.wait(time.Minute)
		for _, line := range b.told() {
			if strings.Contains(line, "✅") {
				t.Errorf("told %q while everything is down", line)
			}
		}
		for _, n := range []string{"n1", "n2", "n3"} {
			b.ward.revive(n)
		}
		b.wait(time.Minute)
		for _, inc := range b.incidents() {
			if !inc.State.Closed() {
				t.Errorf("%s of %q stays %s although all is well", inc.Problem, inc.Node, inc.State)
			}
		}
	})
}

func TestWhatHumansMustHearIsNotLostToAFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cluster.ModeObserve)
		b.ward.kill("n2")
		b.sql("CREATE TRIGGER full BEFORE INSERT ON outbox BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END")
		b.run()
		defer b.close()
		b.alert("backoffice", 0, false)
		b.wait(time.Minute)
		b.sql("DROP TRIGGER full")
		b.wait(time.Minute)
		if told := b.told(); len(told) != 1 {
			t.Errorf("told %q, want the refusal once", told)
		}
	})
}

func TestASecondDeathDuringAHoldIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cluster.ModeAuto)
		b.ward.cures = false
		b.strike()
		b.wait(5 * time.Second)
		b.halt()
		b.run()
		defer b.close()
		b.wait(time.Minute)
		b.ward.kill("n1")
		b.wait(time.Minute)
		b.wantOrders("start n2")
		if told := b.told(); !slices.ContainsFunc(told, func(line string) bool {
			return strings.Contains(line, "backoffice/n1") && strings.Contains(line, "unfinished")
		}) {
			t.Errorf("told %q, want a line about n1", told)
		}
	})
}

func TestAReleasedClusterIsNotLeftToCoolDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cluster.ModeAuto)
		b.ward.cures = false
		b.strike()
		b.wait(5 * time.Second)
		b.halt()
		b.run()
		defer b.close()
		b.wait(time.Minute)
		if err := b.Release(t.Context(), b.incident().ID, "ana"); err != nil {
			t.Fatal(err)
		}
		b.wait(time.Minute)
		b.wantOrders("start n2", "start n2")
	})
}

func TestAProposalDoesNotGoStaleByWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cluster.ModePropose)
		b.strike()
		defer b.close()
		b.wait(3 * time.Hour)
		b.wantState(journal.StateProposed, "kagu approve")
	})
}

func TestAClockSetBackDoesNotFreezeDecisions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cluster.ModeAuto)
		ahead := time.Now().Add(time.Hour)
		if _, _, err := b.Journal.OpenIncident(t.Context(), "early", "backoffice", "node-down", "n2", ahead); err != nil {
			t.Fatal(err)
		}
		b.strike()
		defer b.close()
		b.wait(time.Minute)
		b.wantOrders("start n2")
	})
}

func TestAClusterTakenOutOfTheFleetIsLetGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cluster.ModeObserve)
		b.strike()
		defer b.close()
		b.wait(time.Minute)
		b.present.Store(&inventory.Fleet{})
		b.WakeAll()
		b.wait(time.Minute)
		b.wantState(journal.StateGone, "not in kagu.yaml any more")
		if n := testutil.CollectAndCount(b.Metrics.open); n != 0 {
			t.Errorf("%d series of remediator_incident_open are left", n)
		}
	})
}

func TestTheGaugeShowsAnActWhileItGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cluster.ModeAuto)
		b.strike()
		defer b.close()
		b.wait(2 * time.Second)
		if v := testutil.ToFloat64(b.Metrics.open.WithLabelValues("backoffice", "node-down", "n2", "acting")); v != 1 {
			t.Errorf("remediator_incident_open{state=\"acting\"} is %v during the act", v)
		}
	})
}

// A fog is a guard that cannot tell until it lifts.
type fog struct{ lifted *atomic.Bool }

func (fog) Name() string { return "fog" }

func (f fog) Check(context.Context, Case) error {
	if f.lifted.Load() {
		return nil
	}
	return errors.New("the membership is changing")
}

func TestWhatAGuardCannotTellIsANoAndToldOnlyIfItLasts(t *testing.T) {
	for name, tc := range map[string]struct {
		lifts time.Duration
		told  string
	}{
		"it lifts soon":  {5 * time.Second, "Doing"},
		"it stays a bit": {time.Minute, "cannot tell: the membership is changing"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, cluster.ModeAuto)
				var lifted atomic.Bool
				b.Guards = append([]Guard{fog{&lifted}}, b.Guards...)
				b.strike()
				defer b.close()
				b.wait(tc.lifts)
				b.wantOrders()
				lifted.Store(true)
				b.wait(time.Minute)
				b.wantOrders("start n2")
				if told := b.told(); !strings.Contains(told[0], tc.told) {
					t.Errorf("the first thing told is %q, want %q", told[0], tc.told)
				}
				waiting := 0
				for _, e := range b.incident().Events {
					if e.Kind == "waiting" {
						waiting++
					}
				}
				if waiting != 1 {
					t.Errorf("the story says %d times that it waits, want once", waiting)
				}
			})
		})
	}
}
