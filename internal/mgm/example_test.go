package mgm_test

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/kagu-db/kagu/internal/mgm"
)

// The status of the data nodes, and what happens to them from then on.
func Example() {
	ctx := context.Background()
	client := mgm.New(mgm.Options{Addresses: []string{"10.0.1.1:1186", "10.0.1.2:1186"}})
	defer client.Close()

	events := client.Listen(ctx, mgm.DefaultFilter())
	defer events.Close()

	nodes, err := client.Status(ctx, mgm.NodeData)
	if err != nil {
		slog.ErrorContext(ctx, "no management server answers", "err", err)
		return
	}
	for _, n := range nodes {
		fmt.Println(n.ID, n.State, n.Version)
	}
	for e := range events.Events() {
		if e.Gap != nil {
			fmt.Println("events were missed:", e.Gap.Why)
			continue
		}
		fmt.Println(e.Time, e.Source, e.Name, e.Text)
	}
}
