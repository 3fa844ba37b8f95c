package ndb

import (
	"context"
	"strconv"
	"strings"
	"time"
)

// Facts are what ndbinfo says that is judged and not only shown: how full what may run out is,
// what the data nodes think of each other, how far restarts are. A data node that is not in them
// said nothing.
type Facts struct {
	DataMemory  map[int]Use // by data node
	Redo        map[int]Use // by data node; Fullest is that of its fullest part
	Memberships []Membership
	Restarts    []Restart
}

// A Use is how full something is, in bytes. Fullest is the share that is used where it is fullest.
type Use struct{ Used, Total, Fullest float64 }

// A Membership is a row of ndbinfo.membership: what one data node thinks of the cluster.
type Membership struct {
	Node, Group, President int
	Arbitrator             int // 0 for none
	Ticket                 string
	State                  string // ARBIT_RUN if all is well
	Connected              bool   // to the arbitrator
}

// A Restart is a row of ndbinfo.restart_info: the newest restart of a data node.
type Restart struct {
	Node   int
	Status int // 19 and 24: complete
	Words  string
	Total  time.Duration
	Stages map[string]time.Duration // by the name of the column
}

// facts reads what is judged. It costs a scrape nothing that reads the same tables for series.
func (l *sqlLook) facts(ctx context.Context) (Facts, error) {
	tables := []table{memoryTable, logSpacesTable, membershipTable, restartTable}
	rows := make([][]map[string]string, len(tables))
	err := sideBySide(len(tables), func(i int) (err error) {
		rows[i], err = l.rows(ctx, tables[i])
		return err
	})
	return factsOf(rows[0], rows[1], rows[2], rows[3]), err
}

func factsOf(memory, logs, members, restarts []map[string]string) Facts {
	f := Facts{DataMemory: map[int]Use{}, Redo: map[int]Use{}}
	for _, row := range memory {
		if row["memory_type"] == "Data memory" {
			add(f.DataMemory, row)
		}
	}
	for _, row := range logs {
		if row["log_type"] == "REDO" {
			add(f.Redo, row)
		}
	}
	for _, row := range members {
		f.Memberships = append(f.Memberships, Membership{
			Node: whole(row, "node_id"), Group: whole(row, "group_id"), President: whole(row, "president"), Arbitrator: whole(row, "arbitrator"),
			Ticket: row["arb_ticket"], State: row["arb_state"], Connected: strings.EqualFold(row["arb_connected"], "yes"),
		})
	}
	for _, row := range restarts {
		r := Restart{Node: whole(row, "node_id"), Status: whole(row, "node_restart_status_int"), Words: row["node_restart_status"], Stages: map[string]time.Duration{}}
		r.Total = time.Duration(whole(row, "total_restart_secs")) * time.Second
		for column := range restartStages {
			if seconds, ok := number(row, column); ok {
				r.Stages[column] = time.Duration(seconds) * time.Second
			}
		}
		f.Restarts = append(f.Restarts, r)
	}
	return f
}

func add(to map[int]Use, row map[string]string) {
	used, ok := number(row, "used")
	total, known := number(row, "total")
	node, err := strconv.Atoi(row["node_id"])
	if !ok || !known || total == 0 || err != nil {
		return
	}
	u := to[node]
	u.Used, u.Total, u.Fullest = u.Used+float64(used), u.Total+float64(total), max(u.Fullest, float64(used)/float64(total))
	to[node] = u
}

func whole(row map[string]string, column string) int {
	n, _ := strconv.Atoi(row[column])
	return n
}
