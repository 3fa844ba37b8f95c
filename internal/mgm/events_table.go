package mgm

import (
	"fmt"
	"slices"
)

// An EventType is the number of a kind of event. The numbers of the future are kept; Known tells.
type EventType int

// A Severity is how grave the cluster log takes an event for.
type Severity string

// The severities. An event that this package does not know has none.
const (
	SeverityDebug    Severity = "debug" // no event has it
	SeverityInfo     Severity = "info"
	SeverityWarning  Severity = "warning"
	SeverityError    Severity = "error"
	SeverityCritical Severity = "critical" // no event has it
	SeverityAlert    Severity = "alert"
)

// An EventInfo is what there is to know of a type of event.
type EventInfo struct {
	Type      EventType
	Name      string // as the database's own library names it, without its prefix
	Category  Category
	Threshold int // a listener hears of it if it asks for this level of the category, or a higher one
	Severity  Severity

	// Fields names the words of the event in their order, as far as they are known. A live event
	// has them by name, or as words if the server does not name them.
	Fields []string
}

// The types of events that others have a use for. The rest have a row in the table.
const (
	Connected             EventType = 0
	Disconnected          EventType = 1
	CommunicationClosed   EventType = 2
	CommunicationOpened   EventType = 3
	GlobalCheckpointBegun EventType = 4
	GlobalCheckpointDone  EventType = 5
	LocalCheckpointBegun  EventType = 6
	LocalCheckpointDone   EventType = 7
	LCPStopped            EventType = 8
	StartStarted          EventType = 10
	StartCompleted        EventType = 11
	StartPhaseCompleted   EventType = 13
	JoinConfirmed         EventType = 14
	JoinRefused           EventType = 15
	StopStarted           EventType = 17
	StopAborted           EventType = 18
	RedoStarted           EventType = 19
	CopyStarted           EventType = 24
	CopyFragmentDone      EventType = 25
	CopyCompleted         EventType = 26
	NodeFailCompleted     EventType = 27
	NodeFailed            EventType = 28
	ArbitState            EventType = 29
	ArbitResult           EventType = 30
	TransporterError      EventType = 42
	TransporterWarning    EventType = 43
	MissedHeartbeat       EventType = 44
	DeadDueToHeartbeat    EventType = 45
	WarningText           EventType = 46
	InfoText              EventType = 49
	MemoryUsage           EventType = 50
	ConnectedAPIVersion   EventType = 51
	SingleUserMode        EventType = 52
	StopCompleted         EventType = 53
	BackupStarted         EventType = 54
	BackupNotStarted      EventType = 55
	BackupCompleted       EventType = 56
	BackupAborted         EventType = 57
	EventBuffer           EventType = 58
	StopForced            EventType = 59
	StartReport           EventType = 60
	BackupStatus          EventType = 62
	SubscriptionStatus    EventType = 69
	RedoStatus            EventType = 73
	RunRedo               EventType = 79
	SavedEvent            EventType = 81
	ConnectCheckStarted   EventType = 82
	ConnectCheckCompleted EventType = 83
	NodeFailRejected      EventType = 84
	EventBuffer2          EventType = 85
	EventBuffer3          EventType = 87
	LateHeartbeat         EventType = 88
)

// eventTable holds all there is to say of a type of event, in the order of the numbers.
var eventTable = []EventInfo{
	{0, "Connected", CategoryConnection, 8, SeverityInfo, []string{"node"}},
	{1, "Disconnected", CategoryConnection, 8, SeverityAlert, []string{"node"}},
	{2, "CommunicationClosed", CategoryConnection, 8, SeverityInfo, []string{"node"}},
	{3, "CommunicationOpened", CategoryConnection, 8, SeverityInfo, []string{"node"}},
	{4, "GlobalCheckpointStarted", CategoryCheckpoint, 9, SeverityInfo, []string{"gci"}},
	{5, "GlobalCheckpointCompleted", CategoryCheckpoint, 10, SeverityInfo, []string{"gci"}},
	{6, "LocalCheckpointStarted", CategoryCheckpoint, 7, SeverityInfo, []string{"lci", "keep_gci", "restore_gci"}},
	{7, "LocalCheckpointCompleted", CategoryCheckpoint, 7, SeverityInfo, []string{"lci"}},
	{8, "LCPStoppedInCalcKeepGci", CategoryCheckpoint, 0, SeverityAlert, nil},
	{9, "LCPFragmentCompleted", CategoryCheckpoint, 11, SeverityInfo, []string{"node", "table_id", "fragment_id"}},
	{10, "NDBStartStarted", CategoryStartup, 1, SeverityInfo, []string{"version"}},
	{11, "NDBStartCompleted", CategoryStartup, 1, SeverityInfo, []string{"version"}},
	{12, "STTORRYReceived", CategoryStartup, 15, SeverityInfo, nil},
	{13, "StartPhaseCompleted", CategoryStartup, 4, SeverityInfo, []string{"phase", "starttype"}},
	{14, "CM_REGCONF", CategoryStartup, 3, SeverityInfo, []string{"own_id", "president_id", "dynamic_id"}},
	{15, "CM_REGREF", CategoryStartup, 8, SeverityInfo, []string{"own_id", "other_id", "cause"}},
	{16, "FIND_NEIGHBOURS", CategoryStartup, 8, SeverityInfo, []string{"own_id", "left_id", "right_id", "dynamic_id"}},
	{17, "NDBStopStarted", CategoryStartup, 1, SeverityInfo, []string{"stoptype"}},
	{18, "NDBStopAborted", CategoryStartup, 1, SeverityInfo, nil},
	{19, "StartREDOLog", CategoryStartup, 4, SeverityInfo, []string{"node", "keep_gci", "completed_gci", "restorable_gci"}},
	{20, "StartLog", CategoryStartup, 10, SeverityInfo, []string{"log_part", "start_mb", "stop_mb", "gci"}},
	{21, "UNDORecordsExecuted", CategoryStartup, 15, SeverityInfo, []string{"block", "data1", "data2", "data3", "data4", "data5", "data6", "data7", "data8", "data9", "data10"}},
	{22, "NR_CopyDict", CategoryNodeRestart, 7, SeverityInfo, nil},
	{23, "NR_CopyDistr", CategoryNodeRestart, 7, SeverityInfo, nil},
	{24, "NR_CopyFragsStarted", CategoryNodeRestart, 7, SeverityInfo, []string{"dest_node"}},
	{25, "NR_CopyFragDone", CategoryNodeRestart, 10, SeverityInfo, []string{"dest_node", "table_id", "fragment_id"}},
	{26, "NR_CopyFragsCompleted", CategoryNodeRestart, 7, SeverityInfo, []string{"dest_node"}},
	{27, "NodeFailCompleted", CategoryNodeRestart, 8, SeverityAlert, []string{"block", "failed_node", "completing_node"}},
	{28, "NODE_FAILREP", CategoryNodeRestart, 8, SeverityAlert, []string{"failed_node", "failure_state"}},
	{29, "ArbitState", CategoryNodeRestart, 6, SeverityInfo, []string{"code", "arbit_node", "ticket_0", "ticket_1"}},
	{30, "ArbitResult", CategoryNodeRestart, 2, SeverityAlert, []string{"code", "arbit_node", "ticket_0", "ticket_1"}},
	{31, "GCP_TakeoverStarted", CategoryNodeRestart, 7, SeverityInfo, nil},
	{32, "GCP_TakeoverCompleted", CategoryNodeRestart, 7, SeverityInfo, nil},
	{33, "LCP_TakeoverStarted", CategoryNodeRestart, 7, SeverityInfo, nil},
	{34, "LCP_TakeoverCompleted", CategoryNodeRestart, 7, SeverityInfo, []string{"state"}},
	{35, "TransReportCounters", CategoryStatistics, 8, SeverityInfo, []string{
		"trans_count", "commit_count", "read_count", "simple_read_count", "write_count", "attrinfo_count", "conc_op_count", "abort_count", "scan_count", "range_scan_count",
	}},
	{36, "OperationReportCounters", CategoryStatistics, 8, SeverityInfo, []string{"ops"}},
	{37, "TableCreated", CategoryStatistics, 7, SeverityInfo, []string{"table_id"}},
	{38, "UndoLogBlocked", CategoryCheckpoint, 7, SeverityInfo, []string{"acc_count", "tup_count"}},
	{39, "JobStatistic", CategoryStatistics, 9, SeverityInfo, []string{"mean_loop_count"}},
	{40, "SendBytesStatistic", CategoryStatistics, 9, SeverityInfo, []string{"to_node", "mean_sent_bytes"}},
	{41, "ReceiveBytesStatistic", CategoryStatistics, 9, SeverityInfo, []string{"from_node", "mean_received_bytes"}},
	{42, "TransporterError", CategoryError, 2, SeverityError, []string{"to_node", "code"}},
	{43, "TransporterWarning", CategoryError, 8, SeverityWarning, []string{"to_node", "code"}},
	{44, "MissedHeartbeat", CategoryError, 8, SeverityWarning, []string{"node", "count"}},
	{45, "DeadDueToHeartbeat", CategoryError, 8, SeverityAlert, []string{"node"}},
	{46, "WarningEvent", CategoryError, 2, SeverityWarning, nil},
	{47, "SentHeartbeat", CategoryInfo, 12, SeverityInfo, []string{"node"}},
	{48, "CreateLogBytes", CategoryInfo, 11, SeverityInfo, []string{"node"}},
	{49, "InfoEvent", CategoryInfo, 2, SeverityInfo, nil},
	{50, "MemoryUsage", CategoryStatistics, 5, SeverityInfo, []string{"gth", "page_size_bytes", "pages_used", "pages_total", "block"}},
	{51, "ConnectedApiVersion", CategoryConnection, 8, SeverityInfo, []string{"node", "version"}},
	{52, "SingleUser", CategoryInfo, 7, SeverityInfo, []string{"type", "node_id"}},
	{53, "NDBStopCompleted", CategoryStartup, 1, SeverityInfo, []string{"action", "signum"}},
	{54, "BackupStarted", CategoryBackup, 7, SeverityInfo, []string{"starting_node", "backup_id"}},
	{55, "BackupFailedToStart", CategoryBackup, 7, SeverityAlert, []string{"starting_node", "error"}},
	{56, "BackupCompleted", CategoryBackup, 7, SeverityInfo, []string{
		"starting_node", "backup_id", "start_gci", "stop_gci", "n_bytes", "n_records", "n_log_bytes", "n_log_records", "n_bytes_hi", "n_records_hi", "n_log_bytes_hi", "n_log_records_hi",
	}},
	{57, "BackupAborted", CategoryBackup, 7, SeverityAlert, []string{"starting_node", "backup_id", "error"}},
	{58, "EventBufferStatus", CategoryInfo, 7, SeverityInfo, []string{"usage", "alloc", "max", "apply_gci_l", "apply_gci_h", "latest_gci_l", "latest_gci_h"}},
	{59, "NDBStopForced", CategoryStartup, 1, SeverityAlert, []string{"action", "signum", "error", "sphase", "extra"}},
	{60, "StartReport", CategoryStartup, 4, SeverityInfo, []string{"report_type", "remaining_seconds", "mask_words"}},
	{62, "BackupStatus", CategoryBackup, 7, SeverityInfo, []string{
		"starting_node", "backup_id", "n_bytes_lo", "n_bytes_hi", "n_records_lo", "n_records_hi", "n_log_bytes_lo", "n_log_bytes_hi", "n_log_records_lo", "n_log_records_hi",
	}},
	{63, "RestoreMetaData", CategoryBackup, 7, SeverityInfo, []string{"backup_id", "node_id"}},
	{64, "RestoreData", CategoryBackup, 7, SeverityInfo, []string{"backup_id", "node_id"}},
	{65, "RestoreLog", CategoryBackup, 7, SeverityInfo, []string{"backup_id", "node_id"}},
	{66, "RestoreStarted", CategoryBackup, 7, SeverityInfo, []string{"backup_id", "node_id"}},
	{67, "RestoreCompleted", CategoryBackup, 7, SeverityInfo, []string{"backup_id", "node_id"}},
	{68, "ThreadConfigLoop", CategoryStatistics, 9, SeverityInfo, nil},
	{69, "SubscriptionStatus", CategoryError, 4, SeverityWarning, []string{"report_type", "node"}},
	{70, "MTSignalStatistics", CategoryStatistics, 9, SeverityInfo, []string{"mt_deliver_thread", "mt_prioa_count", "mt_prioa_size", "mt_priob_count", "mt_priob_size"}},
	{71, "LogFileInitStatus", CategoryStartup, 7, SeverityInfo, []string{"node_id", "total_files", "file_done", "total_mbytes", "mbytes_done"}},
	{72, "LogFileInitCompStatus", CategoryStartup, 7, SeverityInfo, []string{"node_id", "total_files", "file_done", "total_mbytes", "mbytes_done"}},
	{73, "RedoStatus", CategoryCheckpoint, 7, SeverityInfo, []string{
		"log_part", "head_file_no", "head_mbyte", "tail_file_no", "tail_mbyte", "total_hi", "total_lo", "free_hi", "free_lo", "no_logfiles", "logfilesize",
	}},
	{74, "CreateSchemaObject", CategorySchema, 8, SeverityInfo, []string{"objectid", "version", "type", "node"}},
	{75, "AlterSchemaObject", CategorySchema, 8, SeverityInfo, []string{"objectid", "version", "type", "node"}},
	{76, "DropSchemaObject", CategorySchema, 8, SeverityInfo, []string{"objectid", "version", "type", "node"}},
	{77, "StartReadLCP", CategoryStartup, 10, SeverityInfo, []string{"table", "fragment"}},
	{78, "ReadLCPComplete", CategoryStartup, 10, SeverityInfo, nil},
	{79, "RunRedo", CategoryStartup, 8, SeverityInfo, []string{"log_part", "phase", "current_gci", "start_gci", "stop_gci"}},
	{80, "RebuildIndex", CategoryStartup, 10, SeverityInfo, nil},
	{81, "SavedEvent", CategoryInfo, 15, SeverityInfo, nil},
	{82, "ConnectCheckStarted", CategoryNodeRestart, 6, SeverityInfo, nil},
	{83, "ConnectCheckCompleted", CategoryNodeRestart, 6, SeverityInfo, nil},
	{84, "NodeFailRejected", CategoryNodeRestart, 6, SeverityAlert, []string{"reason", "failed_node", "source_node"}},
	{85, "EventBufferStatus2", CategoryInfo, 7, SeverityInfo, []string{
		"usage", "alloc", "max", "latest_consumed_epoch_l", "latest_consumed_epoch_h", "latest_buffered_epoch_l", "latest_buffered_epoch_h", "ndb_reference", "report_reason",
	}},
	{86, "LCPRestored", CategoryStartup, 7, SeverityInfo, []string{"restored_lcp_id"}},
	{87, "EventBufferStatus3", CategoryInfo, 7, SeverityInfo, []string{
		"usage_l", "alloc_l", "max_l", "latest_consumed_epoch_l", "latest_consumed_epoch_h", "latest_buffered_epoch_l", "latest_buffered_epoch_h", "ndb_reference", "report_reason",
		"usage_h", "alloc_h", "max_h",
	}},
	{88, "LateHeartbeat", CategoryError, 8, SeverityWarning, []string{"node", "ms"}},
}

// EventTypes returns the table of the events this package knows, in the order of their numbers.
func EventTypes() []EventInfo { return slices.Clone(eventTable) }

// Info returns the row of a type, false if this package does not know it. The row then holds a
// name that says so.
func (t EventType) Info() (EventInfo, bool) {
	at, found := slices.BinarySearchFunc(eventTable, t, func(e EventInfo, t EventType) int { return int(e.Type - t) })
	if !found {
		return EventInfo{Type: t, Name: fmt.Sprintf("unknown_%d", int(t))}, false
	}
	return eventTable[at], true
}

// Known reports whether this package knows the type.
func (t EventType) Known() bool {
	_, known := t.Info()
	return known
}

// String returns the name.
func (t EventType) String() string {
	info, _ := t.Info()
	return info.Name
}
