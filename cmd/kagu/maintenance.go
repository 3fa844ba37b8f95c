package main

import (
	"fmt"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"github.com/kagu-db/kagu/remediator"
)

func addMaintenance(app *kingpin.Application, s *session) {
	cmd := app.Command("maintenance", "Take a cluster out of the remediator's hands for a while. Example: kagu maintenance on backoffice --for 1h --why 'new disk in db2'")

	on := cmd.Command("on", "Begin, or change when it ends. It ends by itself.")
	a := apiFlags(on, s)
	name := on.Arg("CLUSTER", "The cluster.").Required().String()
	length := on.Flag("for", "How long, at most 720h.").Required().Duration()
	why := on.Flag("why", "Why, for whoever finds the cluster untouched at night.").Required().String()
	on.Action(func(*kingpin.ParseContext) error {
		if *length <= 0 || *length > remediator.MaxMaintenance {
			return fmt.Errorf("--for=%v: write how long from now, such as 90m; at most %.0fh", *length, remediator.MaxMaintenance.Hours())
		}
		client, err := a.client()
		if err != nil {
			return err
		}
		m, err := client.BeginMaintenance(s.ctx, *name, remediator.MaintenanceRequest{Until: time.Now().Add(*length), By: person(), Why: *why})
		if err != nil {
			return err
		}
		fmt.Fprintf(s.out, "%s is in maintenance until %s. The remediator looks and does nothing.\n", plain(m.Cluster), m.Until.Local().Format("Mon 15:04:05"))
		return nil
	})

	off := cmd.Command("off", "End it now.")
	b := apiFlags(off, s)
	which := off.Arg("CLUSTER", "The cluster.").Required().String()
	off.Action(func(*kingpin.ParseContext) error {
		client, err := b.client()
		if err != nil {
			return err
		}
		if err := client.EndMaintenance(s.ctx, *which); err != nil {
			return err
		}
		fmt.Fprintf(s.out, "%s is in the remediator's hands again.\n", *which)
		return nil
	})
}
